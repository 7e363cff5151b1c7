using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

public sealed class KubeConfigReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_current_contexts_access_is_read_and_paths_are_of_the_files_folder()
    {
        var access = Read("tokenFile: t/token");

        Assert.That(access.Server, Is.EqualTo(new Uri("https://10.0.0.1:6443/")));
        Assert.That((access.TokenFile, access.AuthorityFile, access.Namespace), Is.EqualTo((_folder.File("t/token"), "/ca.pem", "voice")));
    }

    [Test]
    public void A_token_is_read_again_each_time()
    {
        File.WriteAllText(_folder.File("token"), "one\n");
        var access = Read("tokenFile: token");
        Assert.That(access.ReadToken(), Is.EqualTo("one"));

        File.WriteAllText(_folder.File("token"), "two\n");
        Assert.That(access.ReadToken(), Is.EqualTo("two"));

        File.WriteAllText(_folder.File("token"), "\n");
        Assert.That(access.ReadToken, Throws.TypeOf<InvalidDataException>().With.Message.Contains(_folder.File("token")));
    }

    [Test]
    public void What_is_secret_is_not_in_what_is_printed() => Assert.That(Read("token: hush").ToString(), Does.Not.Contain("hush"));

    [TestCase("exec: {command: aws, apiVersion: v1}", "exec plugin")]
    [TestCase("auth-provider: {name: gcp}", "auth-provider")]
    [TestCase("username: admin", "name and a password")]
    [TestCase("as: somebody", "impersonates")]
    [TestCase("client-certificate: c.pem", "needs its key")]
    [TestCase("client-certificate-data: '%%%'", "client-certificate-data is not base64")]
    [TestCase("token: [a]", "of another kind")]
    [TestCase("token: *other", "alias")]
    public void What_cannot_be_followed_is_refused_with_what_to_do(string user, string reason) =>
        Assert.That(() => Read(user), Throws.TypeOf<InvalidDataException>().With.Message.Contains(reason).And.Message.Contains(_folder.File("config")));

    [TestCase("insecure-skip-tls-verify: true", "certificate-authority")]
    [TestCase("proxy-url: http://proxy", "HTTPS_PROXY")]
    public void A_cluster_that_anybody_could_be_is_refused(string cluster, string reason) =>
        Assert.That(() => Read("token: a", cluster), Throws.TypeOf<InvalidDataException>().With.Message.Contains(reason));

    [TestCase("", "empty")]
    [TestCase("a: [1,", "line ")]
    [TestCase("- 1", "of another kind")]
    [TestCase("kind: Config", "current-context")]
    [TestCase("current-context: other", "no context 'other'")]
    public void What_is_no_kubeconfig_is_refused(string text, string reason)
    {
        File.WriteAllText(_folder.File("config"), text);

        Assert.That(() => KubeConfigReader.Read(_folder.File("config")), Throws.TypeOf<InvalidDataException>().With.Message.Contains(reason).And.Message.Contains(_folder.File("config")));
    }

    [Test]
    public void One_of_JSON_is_one_too()
    {
        File.WriteAllText(_folder.File("config"), """
            {"current-context":"c","contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],"clusters":[{"name":"c","cluster":{"server":"https://[fd00::1]:6443"}}],"users":[{"name":"u","user":{"token":"12345"}}]}
            """);

        var access = KubeConfigReader.Read(_folder.File("config"));
        Assert.That((access.Server.Host, access.ReadToken()), Is.EqualTo(("[fd00::1]", "12345")));
    }

    [Test]
    public void A_pod_has_its_access_in_variables_and_a_folder()
    {
        foreach (var (name, text) in new[] { ("token", "t"), ("ca.crt", "c"), ("namespace", "voice\n") })
        {
            File.WriteAllText(_folder.File(name), text);
        }

        var access = ServiceAccount.Find(static name => name == "KUBERNETES_SERVICE_HOST" ? "fd00::1" : "443", _folder.Path, out _);
        Assert.That((access!.Server.AbsoluteUri, access.Namespace, access.ReadToken()), Is.EqualTo(("https://[fd00::1]/", "voice", "t")));

        Assert.That(ServiceAccount.Find(static _ => null, _folder.Path, out var error), Is.Null);
        Assert.That(error, Does.Contain("--kubeconfig"));
        File.Delete(_folder.File("token"));
        Assert.That(ServiceAccount.Find(static name => name == "KUBERNETES_SERVICE_HOST" ? "10.0.0.1" : "443", _folder.Path, out error), Is.Null);
        Assert.That(error, Does.Contain("automountServiceAccountToken"));
    }

    [Test]
    public void What_is_given_comes_before_KUBECONFIG_and_that_before_the_pods_own()
    {
        Read("token: given");
        var given = _folder.File("config");
        static string? Nothing(string name) => null;

        Assert.That(KubernetesAccess.Read(given, static _ => "/nowhere", _folder.Path).ReadToken(), Is.EqualTo("given"));
        Assert.That(KubernetesAccess.Read(null, name => name == "KUBECONFIG" ? given : null, _folder.Path).ReadToken(), Is.EqualTo("given"));
        Assert.That(() => KubernetesAccess.Read(null, static _ => "/a:/b", _folder.Path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("several files"));
        Assert.That(() => KubernetesAccess.Read(null, Nothing, _folder.Path), Throws.TypeOf<InvalidDataException>().With.Message.Contains("this is no pod"));
        Assert.That(KubernetesAccess.WhyUnusable(_folder.File("missing")), Does.Contain("there is no file"));
    }

    /// <summary>They may come later, as the server may: nobody gives up for that.</summary>
    [Test]
    public void Files_that_it_names_are_waited_for_and_named_where_they_are_not_there()
    {
        var access = Read("tokenFile: nope");

        Assert.That(KubernetesAccess.WhyUnusable(_folder.File("config")), Is.Null);
        Assert.That(access.ReadToken, Throws.TypeOf<InvalidDataException>().With.Message.EqualTo($"the tokenFile '{_folder.File("nope")}' of the kubeconfig '{_folder.File("config")}' is not there"));
        Assert.That(access.ReadTls, Throws.TypeOf<InvalidDataException>().With.Message.EqualTo($"the certificate-authority '/ca.pem' of the kubeconfig '{_folder.File("config")}' is not there"));
    }

    [Test]
    public void What_stands_in_it_and_cannot_be_used_is_refused_at_once()
    {
        Read("token: t", "certificate-authority-data: bm9uZQ==");

        Assert.That(KubernetesAccess.WhyUnusable(_folder.File("config")), Does.Contain("has no certificate in PEM"));
    }

    private ClusterAccess Read(string user, string cluster = "certificate-authority: /ca.pem")
    {
        File.WriteAllText(_folder.File("config"), $$$"""
            apiVersion: v1
            kind: Config
            current-context: here
            clusters:
            - name: c
              cluster:
                server: https://10.0.0.1:6443
                {{{cluster}}}
            contexts:
            - {name: here, context: {cluster: c, user: u, namespace: voice} }
            users:
            - name: u
              user:
                {{{user}}}
            """ + "\n");
        return KubeConfigReader.Read(_folder.File("config"));
    }
}
