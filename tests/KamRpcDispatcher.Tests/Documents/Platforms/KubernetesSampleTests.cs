using System.Text.Json;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents.Platforms;

/// <summary>samples/kubernetes.</summary>
internal sealed class KubernetesSampleTests
{
    private const string Folder = "kubernetes";
    private const string AnotherImage = "another";

    private static readonly string[] Workloads = ["kamailio", "asterisk"];

    private readonly Dictionary<string, IReadOnlyList<JsonElement>> _files = [];

    [OneTimeSetUp]
    public async Task ReadAsync()
    {
        foreach (var name in Workloads)
        {
            _files[name] = await SampleSite.ReadAsync($"{Folder}/{name}.yaml");
        }
    }

    [TestCase("kamailio", "dispatch")]
    [TestCase("asterisk", "announce")]
    public void Kamrpc_takes_its_command_line(string workload, string container) => SampleSite.AssertUnderstood(Container(workload, container).TextsAt("args"));

    [Test]
    public void The_announcer_is_told_to_stop_at_once_and_Asterisk_when_it_has_left()
    {
        var (pod, announcer) = (Pod("asterisk"), Container("asterisk", "announce"));

        Assert.That(pod.At("initContainers"), Is.Null, "a sidecar is told after the others");
        Assert.That(announcer.At("lifecycle"), Is.Null);
        Assert.That(pod.At("shareProcessNamespace")?.GetBoolean(), Is.True);
        Assert.That(TimeSpan.FromSeconds(pod.At("terminationGracePeriodSeconds")!.Value.GetInt32()), Is.GreaterThan(SampleSite.LeavingTime(announcer.TextsAt("args"))));
    }

    /// <summary>The very command, in a PID namespace with a process of that name.</summary>
    [Test]
    public async Task Asterisks_last_wait_ends_when_no_announcer_runs_and_not_before()
    {
        OtherUser.RequireRoot();
        RealServers.Require("unshare");
        using var folder = new TemporaryFolder();
        File.Copy("/bin/sleep", folder.File("kamrpc"));
        var wait = Container("asterisk", "asterisk").TextsAt("lifecycle/preStop/exec/command");
        Assert.That(wait.Take(2), Is.EqualTo(new[] { "sh", "-c" }));

        await using var pod = ServerProcess.Start(
            "unshare",
            ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", $"{folder.File("kamrpc")} 1000 & announcer=$!; sh -c \"$0\" & waiting=$!; sleep 2; kill -0 $waiting && echo it waits; kill $announcer; wait $waiting; echo it has ended with $?; sleep 1000", wait[2]]);
        await pod.WaitForLineAsync("it waits", TimeSpan.FromSeconds(20));
        await pod.WaitForLineAsync("it has ended with 0", TimeSpan.FromSeconds(20));
        pod.Kill();
    }

    [Test]
    public void The_dispatcher_has_in_common_with_Kamailio_what_it_needs()
    {
        var (pod, kamailio, dispatcher) = (Pod("kamailio"), Container("kamailio", "kamailio"), Container("kamailio", "dispatch"));

        Assert.That(pod.At("shareProcessNamespace")?.GetBoolean(), Is.True);
        Assert.That((pod.At("securityContext/runAsUser")?.GetInt32(), pod.At("securityContext/runAsGroup")?.GetInt32()), Is.EqualTo((101, 101)));
        Assert.That(new[] { kamailio, dispatcher }.Select(static container => container.At("securityContext/runAsUser") ?? container.At("securityContext/runAsGroup")), Is.All.Null);
        Assert.That(new[] { kamailio, dispatcher }.Select(static container => container.GetProperty("volumeMounts").EnumerateArray().Single(static mount => mount.TextAt("mountPath") == "/run/kamailio").TextAt("name")), Is.All.EqualTo("run"));
        Assert.That(dispatcher.GetProperty("env")[0].TextAt("name"), Is.EqualTo("KAMRPC_PROXY"));
        SampleSite.AssertStateBelowVolume(dispatcher);
    }

    [Test]
    public void The_pod_of_Kamailio_is_ready_by_its_health_and_restarted_for_nothing_of_that()
    {
        var probe = Container("kamailio", "dispatch").At("readinessProbe")!.Value;

        Assert.That(probe.TextsAt("exec/command"), Is.EqualTo(new[] { "/usr/local/bin/kamrpc", "health" }));
        Assert.That(probe.GetProperty("timeoutSeconds").GetInt32(), Is.GreaterThan(2), "health's own --timeout");
        Assert.That(Workloads.SelectMany(workload => Pod(workload).GetProperty("containers").EnumerateArray()).Where(static container => container.At("livenessProbe") is not null), Is.Empty);
        Assert.That(Pod("kamailio").GetProperty("terminationGracePeriodSeconds").GetInt32(), Is.GreaterThanOrEqualTo(30 + 10), "the wait of preStop, and then its end");
    }

    [TestCaseSource(nameof(Workloads))]
    public void What_selects_a_pod_selects_it(string workload)
    {
        var labels = Workload(workload).At("spec/template/metadata/labels")!.Value.ToString();

        Assert.That(Workload(workload).At("spec/selector/matchLabels").ToString(), Is.EqualTo(labels));
        foreach (var (kind, selector) in new[] { ("Service", "spec/selector"), ("PodDisruptionBudget", "spec/selector/matchLabels") })
        {
            Assert.That(_files[workload].Single(document => document.TextAt("kind") == kind).At(selector).ToString(), Is.EqualTo(labels), kind);
        }

        Assert.That(Workload(workload).TextAt("spec/serviceName"), Is.EqualTo(_files[workload].Single(static document => document.TextAt("kind") == "Service").TextAt("metadata/name")));
        var volumes = Pod(workload).GetProperty("volumes").EnumerateArray().Select(static volume => volume.TextAt("name"));
        Assert.That(Pod(workload).GetProperty("containers").EnumerateArray().SelectMany(static container => container.GetProperty("volumeMounts").EnumerateArray()).Select(static mount => mount.TextAt("name")).Except(volumes), Is.Empty);
    }

    /// <summary>By its own types: a field that they do not have is dropped, and so it is missing in what kubectl has read.</summary>
    [TestCaseSource(nameof(Workloads))]
    [Category("Samples")]
    public async Task Kubectl_knows_every_field(string workload)
    {
        RealServers.Require("kubectl");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("w.json"), Workload(workload).ToString());

        // It says nothing where nothing changes: so one image is another one.
        var read = JsonElement.Parse(await Tool.RunAsync("kubectl", ["set", "image", "--local", "--filename", folder.File("w.json"), "--output", "json", $"{workload}={AnotherImage}"], string.Empty));

        Assert.That(Lost(Workload(workload), read, workload), Is.EqualTo(new[] { $"{workload}/spec/template/spec/containers/0/image: {AnotherImage}" }));
    }

    [Test]
    [Category("Samples")]
    public async Task Kubectl_puts_the_registrys_image_into_all_of_it()
    {
        RealServers.Require("kubectl");

        var whole = await SampleSite.ReadTextAsync(await Tool.RunAsync("kubectl", ["kustomize", SampleSite.PathOf(Folder)], string.Empty));

        Assert.That(whole, Has.Count.EqualTo(_files.Values.Sum(static documents => documents.Count)));
        Assert.That(
            whole.Where(static document => document.TextAt("kind") == "StatefulSet").SelectMany(static set => set.At("spec/template/spec/containers")!.Value.EnumerateArray()).Select(static container => container.TextAt("image")!)
                .Count(static image => image.StartsWith("registry.example.org/kamrpc:", StringComparison.Ordinal)),
            Is.EqualTo(2));
    }

    /// <summary>What of a document is not in what kubectl has read of it, or is another value there.</summary>
    internal static IEnumerable<string> Lost(JsonElement given, JsonElement? read, string path) => (given.ValueKind, read) switch
    {
        (_, null) => [path],
        (JsonValueKind.Object, { ValueKind: JsonValueKind.Object } other) => given.EnumerateObject().SelectMany(member => Lost(member.Value, other.TryGetProperty(member.Name, out var value) ? value : IsNothing(member.Value) ? member.Value : null, $"{path}/{member.Name}")),
        (JsonValueKind.Array, { ValueKind: JsonValueKind.Array } other) when given.GetArrayLength() == other.GetArrayLength() => given.EnumerateArray().Zip(other.EnumerateArray()).SelectMany((pair, index) => Lost(pair.First, pair.Second, $"{path}/{index}")),
        _ => given.ToString() == read.ToString() ? [] : [$"{path}: {read}"],
    };

    private static bool IsNothing(JsonElement value) => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any();

    private JsonElement Workload(string name) => _files[name].Single(static document => document.TextAt("kind") == "StatefulSet");

    private JsonElement Pod(string workload) => Workload(workload).At("spec/template/spec")!.Value;

    private JsonElement Container(string workload, string name) => Pod(workload).GetProperty("containers").EnumerateArray().Single(container => container.TextAt("name") == name);
}
