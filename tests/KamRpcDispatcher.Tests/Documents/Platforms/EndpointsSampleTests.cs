using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/kubernetes/endpoints: without etcd.</summary>
internal sealed class EndpointsSampleTests
{
    private const string Folder = "kubernetes/endpoints";

    private IReadOnlyList<JsonElement> _kamailio = null!;
    private IReadOnlyList<JsonElement> _asterisk = null!;

    [OneTimeSetUp]
    public async Task ReadAsync() => (_kamailio, _asterisk) = (await SampleSite.ReadAsync($"{Folder}/kamailio.yaml"), await SampleSite.ReadAsync($"{Folder}/asterisk.yaml"));

    [Test]
    public async Task The_dispatcher_follows_the_Service_that_there_is_in_the_namespace_that_all_of_it_is_put_into()
    {
        var arguments = Container(_kamailio, "DaemonSet", "dispatch").TextsAt("args");
        SampleSite.AssertUnderstood(arguments);
        SampleSite.AssertStateBelowVolume(Container(_kamailio, "DaemonSet", "dispatch"));

        var origin = (KubernetesOrigin)MemberOrigins.Parse([arguments[arguments.ToList().IndexOf("--source") + 1]], out _).Single();

        var service = _asterisk.Single(static document => document.TextAt("kind") == "Service");
        var site = (await SampleSite.ReadAsync($"{Folder}/kustomization.yaml")).Single();
        Assert.That(origin.Services.Select(static one => (one.Namespace, one.Service, one.Set)), Is.EqualTo(new[] { (site.TextAt("namespace"), service.TextAt("metadata/name"), 1) }));
        Assert.That(service.At("spec/ports")!.Value[0].ToString(), Does.Contain("UDP").And.Contain("\"sip\""));
    }

    [Test]
    public void The_dispatcher_may_read_EndpointSlices_of_its_namespace_and_nothing_else()
    {
        var role = Only(_kamailio, "Role");
        var binding = Only(_kamailio, "RoleBinding");
        var rule = role.GetProperty("rules").EnumerateArray().Single();

        Assert.That(rule.TextsAt("apiGroups"), Is.EqualTo(new[] { "discovery.k8s.io" }));
        Assert.That(rule.TextsAt("resources"), Is.EqualTo(new[] { "endpointslices" }));
        Assert.That(rule.TextsAt("verbs"), Is.EqualTo(new[] { "get", "list", "watch" }));
        Assert.That(binding.TextAt("roleRef/name"), Is.EqualTo(role.TextAt("metadata/name")));
        Assert.That(binding.GetProperty("subjects")[0].TextAt("name"), Is.EqualTo(Only(_kamailio, "ServiceAccount").TextAt("metadata/name")).And.EqualTo(Pod(_kamailio, "DaemonSet").TextAt("serviceAccountName")));
        Assert.That(Pod(_asterisk, "Deployment").At("automountServiceAccountToken")?.GetBoolean(), Is.False);
    }

    [Test]
    public void What_selects_a_pod_selects_it()
    {
        foreach (var (documents, kind) in new[] { (_kamailio, "DaemonSet"), (_asterisk, "Deployment") })
        {
            Assert.That(Only(documents, kind).At("spec/selector/matchLabels").ToString(), Is.EqualTo(Only(documents, kind).At("spec/template/metadata/labels").ToString()));
        }

        Assert.That(Only(_asterisk, "Service").At("spec/selector").ToString(), Is.EqualTo(Only(_asterisk, "Deployment").At("spec/template/metadata/labels").ToString()));
    }

    /// <summary>The very command, with an asterisk that has two calls, and then none.</summary>
    [Test]
    public async Task Asterisks_last_wait_ends_when_no_calls_are_up_and_not_before()
    {
        var command = Container(_asterisk, "Deployment", "asterisk").TextsAt("lifecycle/preStop/exec/command");
        Assert.That(command.Take(2), Is.EqualTo(new[] { "sh", "-c" }));
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("calls"), "4 active channels\n2 active calls\n20 calls processed\n");
        File.WriteAllText(folder.File("asterisk"), $"#!/bin/sh\n[ \"$1 $2\" = '-rx core show channels count' ] && echo asked && cat {folder.File("calls")}\n");
        File.WriteAllText(folder.File("sleep"), "#!/bin/sh\necho slept $1 >> \"$(dirname \"$0\")/slept\"; exec /bin/sleep 0.1\n");
        foreach (var program in new[] { "asterisk", "sleep" })
        {
            File.SetUnixFileMode(folder.File(program), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        using var waiting = Process.Start(new ProcessStartInfo("sh", ["-c", command[2]]) { Environment = { ["PATH"] = $"{folder.Path}:/usr/bin:/bin" } })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!File.Exists(folder.File("slept")) || File.ReadLines(folder.File("slept")).Count() < 4)
        {
            await Task.Delay(20, deadline.Token);
        }

        Assert.That(waiting.HasExited, Is.False);
        Assert.That(File.ReadLines(folder.File("slept")).First(), Is.EqualTo("slept 5"), "first of all the proxies hear of it");
        File.WriteAllText(folder.File("calls"), "0 active channels\n0 active calls\n22 calls processed\n");
        await waiting.WaitForExitAsync(deadline.Token);
        Assert.That(waiting.ExitCode, Is.Zero);
    }

    /// <summary>By its own types: a field that they do not have is dropped, and so it is missing in what kubectl has read.</summary>
    [TestCase("kamailio", "DaemonSet")]
    [TestCase("asterisk", "Deployment")]
    [Category("Samples")]
    public async Task Kubectl_knows_every_field(string name, string kind)
    {
        RealServers.Require("kubectl");
        using var folder = new TemporaryFolder();
        var workload = Only(name == "kamailio" ? _kamailio : _asterisk, kind);
        await File.WriteAllTextAsync(folder.File("w.json"), workload.ToString());

        // It says nothing where nothing changes: so one image is another one.
        var read = JsonElement.Parse(await Tool.RunAsync("kubectl", ["set", "image", "--local", "--filename", folder.File("w.json"), "--output", "json", $"{name}=another"], string.Empty));

        Assert.That(KubernetesSampleTests.Lost(workload, read, name), Is.EqualTo(new[] { $"{name}/spec/template/spec/containers/0/image: another" }));
    }

    [Test]
    [Category("Samples")]
    public async Task Kubectl_puts_the_namespace_and_the_registrys_image_into_all_of_it()
    {
        RealServers.Require("kubectl");

        var whole = await SampleSite.ReadTextAsync(await Tool.RunAsync("kubectl", ["kustomize", SampleSite.PathOf(Folder)], string.Empty));

        Assert.That(whole, Has.Count.EqualTo(_kamailio.Count + _asterisk.Count));
        Assert.That(whole.Select(static document => document.TextAt("metadata/namespace")), Is.All.EqualTo("voice"));
        Assert.That(whole.Single(static document => document.TextAt("kind") == "RoleBinding").GetProperty("subjects")[0].TextAt("namespace"), Is.EqualTo("voice"));
        Assert.That(Container(whole, "DaemonSet", "dispatch").TextAt("image"), Does.StartWith("registry.example.org/kamrpc:"));
    }

    private static JsonElement Only(IReadOnlyList<JsonElement> documents, string kind) => documents.Single(document => document.TextAt("kind") == kind);

    private static JsonElement Pod(IReadOnlyList<JsonElement> documents, string kind) => Only(documents, kind).At("spec/template/spec")!.Value;

    private static JsonElement Container(IReadOnlyList<JsonElement> documents, string kind, string name) =>
        Pod(documents, kind).GetProperty("containers").EnumerateArray().Single(container => container.TextAt("name") == name);
}
