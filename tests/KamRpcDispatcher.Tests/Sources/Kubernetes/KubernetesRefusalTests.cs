using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>Who asks, and who is asked: what is refused on either side.</summary>
[Parallelizable]
public sealed class KubernetesRefusalTests
{
    private ApiServer _server = null!;

    [SetUp]
    public async Task StartAsync() => _server = await ApiServer.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _server.DisposeAsync();

    [Test]
    public async Task What_is_refused_is_told_with_what_to_do_and_members_stay()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var followed = FollowedSource.Of(_server);
        await followed.WaitForAsync("a Ready");

        _server.Forbidden["watch voice"] = true;
        _server.CutWatches();
        await followed.Log.WaitForAsync(1091);
        Assert.That(followed.Log.Of(1091)[^1], Does.Contain("cannot watch resource").And.Contain("Role").And.Contain("get, list and watch"));
        Assert.That(followed.Source.Away!.Store, Is.EqualTo("kubernetes:voice/asterisk"));
        Assert.That(followed.Members, Is.EqualTo(new[] { "a Ready" }));

        _server.Forbidden.Clear();
        await followed.Log.WaitForAsync(1093);
        Assert.That(followed.Source.Away, Is.Null);
    }

    [Test]
    public async Task A_token_that_is_written_anew_is_used()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("token"), "token-1\n");
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        var config = _server.WriteKubeConfig(user: $"tokenFile: {folder.File("token")}");
        await using var followed = new FollowedSource(() => KubeConfigReader.Read(config));
        await followed.WaitForAsync("a Ready");

        // The old one has expired, and the new one is not there yet.
        _server.Tokens.Clear();
        _server.Tokens["token-2"] = true;
        _server.CutWatches();
        await followed.Log.WaitForAsync(1091);
        Assert.That(followed.Log.Of(1091)[^1], Does.Contain(folder.File("token")).And.Contain("Unauthorized").And.Not.Contain("token-1"));
        await File.WriteAllTextAsync(folder.File("token"), "token-2\n");

        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1"), SliceText.Ready("b", "10.0.0.2")));
        await followed.WaitForAsync("a Ready", "b Ready");
    }

    [Test]
    public async Task A_clients_certificate_is_an_access_too()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        var (certificate, key) = _server.Certificates.Root;
        static string Data(string file) => Convert.ToBase64String(File.ReadAllBytes(file));
        var config = _server.WriteKubeConfig(user: $"client-certificate-data: {Data(certificate)}\nclient-key-data: {Data(key)}");
        await using var followed = new FollowedSource(() => KubeConfigReader.Read(config));

        await followed.WaitForAsync("a Ready");
    }

    [Test]
    public async Task A_server_that_another_authority_vouches_for_is_not_believed()
    {
        using var strangers = new TestCertificates();
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        var config = _server.WriteKubeConfig();
        await using var followed = new FollowedSource(() => KubeConfigReader.Read(config) with { AuthorityFile = strangers.AuthorityFile });

        await followed.Log.WaitForAsync(1091);

        Assert.That(_server.Requests, Is.Empty);
        Assert.That(followed.Source.Current, Is.Null);
    }

    [Test]
    public async Task A_server_that_is_busy_is_left_alone_and_asked_again()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        _server.Trouble = (429, "TooManyRequests");
        await using var followed = FollowedSource.Of(_server);
        await followed.Log.WaitForAsync(1091);

        _server.Trouble = null;
        await followed.WaitForAsync("a Ready");
    }
}
