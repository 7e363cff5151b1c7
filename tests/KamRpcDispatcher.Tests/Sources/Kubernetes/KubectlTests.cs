using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

/// <summary>The proof of the tests' own server of the API: real kubectl lists and watches it, and has nothing to complain of.</summary>
[Category("Samples")]
[Parallelizable]
public sealed class KubectlTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private ApiServer _server = null!;
    private TemporaryFolder _home = null!;

    [SetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kubectl");
        _server = await ApiServer.StartAsync();
        _home = new TemporaryFolder();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _server.DisposeAsync();
        _home.Dispose();
    }

    [Test]
    public async Task Kubectl_lists_in_pages()
    {
        for (var number = 0; number < 25; number++)
        {
            _server.Store.Put(SliceText.Slice("asterisk", $"s{number:00}", SliceText.Ready($"p{number}", $"10.0.0.{number}")));
        }

        var listed = await RunAsync("get", "endpointslices", "--namespace", "voice", "--chunk-size", "10", "--no-headers", "--selector", "kubernetes.io/service-name=asterisk");

        Assert.That(listed.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')[0]), Is.EqualTo(Enumerable.Range(0, 25).Select(static number => $"s{number:00}")));
        Assert.That(_server.Requests.Count(static request => request.Contains("continue=", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public async Task Kubectl_reads_every_field_that_a_slice_has()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Terminating("a", "10.0.0.1")));

        var text = await RunAsync("get", "endpointslices", "s1", "--namespace", "voice", "--output", "jsonpath={.addressType} {.ports[0].name} {.endpoints[0].targetRef.name} {.endpoints[0].conditions}");

        Assert.That(text, Is.EqualTo("""IPv4 sip a {"ready":false,"serving":true,"terminating":true}"""));
    }

    [Test]
    public async Task Kubectl_watches_additions_changes_and_deletions_without_complaint()
    {
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Ready("a", "10.0.0.1")));
        await using var watching = ServerProcess.Start("kubectl", Arguments("get", "endpointslices", "--namespace", "voice", "--watch", "--output-watch-events", "--output", """jsonpath={.type} {.object.metadata.name}{"\n"}"""));
        await watching.WaitForLineAsync("ADDED s1", Deadline);

        _server.Store.Put(SliceText.Slice("asterisk", "s2", SliceText.Ready("b", "10.0.0.2")));
        await watching.WaitForLineAsync("ADDED s2", Deadline);
        _server.Store.Put(SliceText.Slice("asterisk", "s1", SliceText.Terminating("a", "10.0.0.1")));
        await watching.WaitForLineAsync("MODIFIED s1", Deadline);
        _server.Store.Delete("voice", "s2");
        await watching.WaitForLineAsync("DELETED s2", Deadline);

        Assert.That(watching.Output, Does.Not.Contain("rror").And.Not.Contain("arning"));
        watching.Kill();
    }

    [Test]
    public async Task Kubectl_understands_what_is_refused()
    {
        _server.Forbidden["list voice"] = true;
        Assert.That(() => RunAsync("get", "endpointslices", "--namespace", "voice"), Throws.InvalidOperationException.With.Message.Contains("Error from server (Forbidden): endpointslices.discovery.k8s.io is forbidden"));

        _server.Tokens.Clear();
        Assert.That(() => RunAsync("get", "endpointslices", "--namespace", "voice"), Throws.InvalidOperationException.With.Message.Contains("You must be logged in to the server"));

        _server.Tokens["token-1"] = true;
        _server.Forbidden.Clear();
        Assert.That(await RunAsync("get", "--raw", "/apis/discovery.k8s.io/v1/namespaces/voice/endpointslices"), Does.Contain("EndpointSliceList"));
    }

    private Task<string> RunAsync(params string[] arguments) => Tool.RunAsync("kubectl", Arguments(arguments), string.Empty);

    private string[] Arguments(params string[] arguments) => ["--kubeconfig", _server.WriteKubeConfig(), "--cache-dir", _home.Path, .. arguments];
}
