using System.Diagnostics;
using KamailioRpc;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc doctor</c> says that all is well where it is, and nowhere else, and within three seconds.</summary>
[Category("Matrix")]
[Parallelizable]
public class DoctorTruthTests
{
    private const int Runs = 5;

    /// <summary>A start takes a tenth of a second on a machine at rest.</summary>
    private const int Starts = 10;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Nobody answers pings here.</summary>
    private static readonly KamailioOptions WithoutPings = new() { PingInterval = TimeSpan.Zero };

    private readonly TemporaryFolder _folder = new();
    private Fleet? _fleet;

    [OneTimeTearDown]
    public void Forget() => _folder.Dispose();

    [TearDown]
    public async Task End()
    {
        await (_fleet?.DisposeAsync() ?? default);
        _fleet = null;
    }

    /// <summary>Debian's own configuration, and its own 64 MB of shared memory.</summary>
    [Test]
    public async Task With_Debians_own_configuration_the_snippet_and_a_dispatcher_in_step_all_is_well()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings with { ConfigFile = StockWithSnippet(), ExtraConfig = "auto_aliases=no\nlisten=KAMRPC_LISTEN" } });
        await AnnounceAsync(fleet);

        var (exitCode, findings) = await DoctorAsync(fleet);

        Assert.That(findings.Where(static finding => finding.IsProblem), Is.Empty);
        Assert.That(exitCode, Is.Zero);
        Assert.That(Of(findings, "kamailio.dispatcher"), Has.Property("Severity").EqualTo("ok").And.Property("Text").StartsWith("kept in step by p1 "));
        Assert.That(Of(findings, "kamailio.routable").Text, Does.Contain("1 of 1 member in set 1"));
        Assert.That(Of(findings, "kamailio.writers"), Has.Property("Severity").EqualTo("note").And.Property("Text").StartsWith("ctl and the FIFO are open to Kamailio's own user and root").And.Property("Fix").Null);
        Assert.That(Of(findings, "kamailio.shared-memory").Severity, Is.EqualTo("note"));

        // What kamctl and kamcmd use.
        foreach (var address in new[] { "jsonrpc+fifo:" + fleet.Kamailio.FifoPath, "binrpc+unix:" + Path.Combine(Path.GetDirectoryName(fleet.Kamailio.FifoPath)!, "kamailio_ctl") })
        {
            await using var client = new RpcClient(KamailioAddress.Parse(address), new RpcClientOptions { Timeout = Fleet.Deadline });
            Assert.That((await client.InvokeAsync("core.version", [], CancellationToken.None)).ToText(), Does.StartWith("kamailio "));
        }
    }

    [Test]
    public async Task That_nobody_brings_what_is_announced_into_Kamailios_list_is_an_error()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings });
        await AnnounceAsync(fleet);
        fleet.Dispatcher.Kill();
        await fleet.Dispatcher.Gone;
        var (killed, left) = await DoctorInTimeAsync(fleet);

        // Its list is as the dispatcher has left it, and so is its mark.
        Assert.That((killed, Of(left, "kamailio.routable").Severity), Is.EqualTo((1, "ok")));
        Assert.That(Of(left, "kamailio.dispatcher"), Has.Property("Severity").EqualTo("error").And.Property("Text").Contain("nobody brings 1 announced member into its list").And.Property("Text").Contain("has left its mark, and has ended"));

        await fleet.Kamailio.StartAgainAsync();
        var (exitCode, findings) = await DoctorInTimeAsync(fleet);

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(findings.Where(static finding => finding.IsProblem).Select(static finding => $"{finding.Severity} {finding.Check}"), Is.SupersetOf(new[] { "error kamailio.dispatcher", "error kamailio.routable" }));
        Assert.That(Of(findings, "kamailio.routable").Text, Is.EqualTo("set 1: none of 1 member gets calls (1 not in Kamailio's list)"));
        Assert.That((await DoctorAsync(fleet, "--ignore", "kamailio.dispatcher,kamailio.routable,etcd.reports")).ExitCode, Is.Zero);
        Assert.That((await DoctorAsync(fleet, "--set", "7", "--ignore", "etcd.reports,etcd.members,kamailio.routable")).ExitCode, Is.Zero, "nobody is announced in that one, which is another matter");
    }

    [Test]
    public async Task That_no_server_is_routable_is_an_error()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = new KamailioOptions() });
        await fleet.PutUriAsync("1/dead", $"sip:127.0.0.1:{RealServers.FreeUdpPort()}");
        await fleet.WaitForListAsync(static list => list is [{ Flags: ['I', ..] }]);

        var (exitCode, findings) = await DoctorInTimeAsync(fleet);

        Assert.That(exitCode, Is.EqualTo(1), string.Join('\n', findings.Where(static finding => finding.Severity is not "ok")));
        Assert.That(findings.Single(static finding => finding.IsProblem), Has.Property("Check").EqualTo("kamailio.routable").And.Property("Severity").EqualTo("error").And.Property("Text").StartsWith("set 1: none of 1 member gets calls (1 inactive in Kamailio's list"));
    }

    [Test]
    public async Task A_process_of_Kamailios_that_is_stopped_is_an_error_with_its_PID_and_what_it_is_for()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings });
        await AnnounceAsync(fleet);
        await fleet.Kamailio.PauseProcessAsync("slow timer");
        try
        {
            var (exitCode, findings) = await DoctorAsync(fleet);

            Assert.That(exitCode, Is.EqualTo(1));
            Assert.That(Of(findings, "kamailio.processes"), Has.Property("Severity").EqualTo("error").And.Property("Text").Match(@"^stopped, by SIGSTOP or a debugger: 'slow timer' \(PID \d+\);").And.Property("Fix").Match(@"^kill -CONT \d+$"));
        }
        finally
        {
            fleet.Kamailio.Resume();
        }
    }

    [Test]
    public async Task A_dispatcher_that_is_stopped_is_told_as_that()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings });
        await AnnounceAsync(fleet);
        fleet.Dispatcher.Pause();
        try
        {
            var finding = Of((await DoctorAsync(fleet)).Findings, "kamailio.dispatcher");

            Assert.That(finding, Has.Property("Severity").EqualTo("error").And.Property("Text").Match(@"does nothing: PID \d+ is stopped \(state T\)").And.Property("Fix").Match(@"^kill -CONT \d+$"));
        }
        finally
        {
            fleet.Dispatcher.Resume();
        }
    }

    [Test]
    public async Task Another_cluster_than_the_dispatchers_makes_no_orphans_of_what_it_follows()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings });
        await AnnounceAsync(fleet);

        var (exitCode, findings) = await DoctorAsync(fleet, "--cluster", "nope");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Of(findings, "kamailio.orphans"), Has.Property("Severity").EqualTo("ok").And.Property("Text").StartsWith("1 destination of kamrpc's, of cluster default, which the dispatcher at work here serves"));
        Assert.That(findings.Select(static finding => finding.Fix ?? string.Empty), Has.None.Contains("dispatcher.remove"));
        Assert.That(Of(findings, "kamailio.dispatcher").Fix, Is.EqualTo("kamrpc doctor --cluster default"));
    }

    /// <summary>Kamailio answers us, and has the mark; the dispatcher comes by another way, which is cut.</summary>
    [Test]
    public async Task A_dispatcher_that_cannot_reach_Kamailio_keeps_nothing_in_step()
    {
        var fleet = await StartAsync(new FleetOptions { Kamailio = WithoutPings, RelaySeed = 1 });
        await AnnounceAsync(fleet);

        // What was just announced may be owed at that moment.
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (Of((await DoctorAsync(fleet)).Findings, "kamailio.dispatcher").Severity != "ok")
        {
            deadline.Token.ThrowIfCancellationRequested();
        }

        fleet.Relay!.Faults = new RelayFaults(LoseRequest: 1, LoseReply: 1, Delay: 0, TimeSpan.Zero);
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var asked = Stopwatch.GetElapsedTime(begun);
            var (exitCode, findings) = await DoctorAsync(fleet);
            var finding = Of(findings, "kamailio.dispatcher");
            if (finding.Severity == "error")
            {
                Assert.That(exitCode, Is.EqualTo(1));
                Assert.That(finding.Text, Does.Contain("reports that Kamailio does not answer it"));
                return;
            }

            // Whoever asks later than that is told.
            Assert.That(asked, Is.LessThan(Limit), finding.Text);
        }
    }

    private async Task<Fleet> StartAsync(FleetOptions options) => _fleet = await Fleet.StartAsync(options);

    private static async Task AnnounceAsync(Fleet fleet)
    {
        const string Uri = "sip:127.0.0.1:5081";
        await fleet.PutUriAsync("1/a", Uri);
        await fleet.WaitForListAsync(static list => Fleet.IsRoutable(list, Uri));
    }

    /// <summary>
    /// What the first run says, of which there are others until one has kept the limit, or taken no more of a busy machine's time than so many starts of
    /// the program do: a moment of the machine's is no fault of the program.
    /// </summary>
    private async Task<(int ExitCode, IReadOnlyList<DoctorFinding> Findings)> DoctorInTimeAsync(Fleet fleet)
    {
        (int, IReadOnlyList<DoctorFinding>)? first = null;
        for (var run = 1; ; run++)
        {
            var begun = Stopwatch.GetTimestamp();
            var said = await DoctorAsync(fleet);
            var time = Stopwatch.GetElapsedTime(begun);
            first ??= said;
            if (time < Limit || time < Starts * await StartTimeAsync())
            {
                return first.Value;
            }

            Assert.That(run, Is.LessThan(Runs), $"it takes {time.TotalSeconds:0.0} s");
        }
    }

    private static async Task<TimeSpan> StartTimeAsync()
    {
        var begun = Stopwatch.GetTimestamp();
        await Kamrpc.RunAsync("--version");
        return Stopwatch.GetElapsedTime(begun);
    }

    private Task<(int ExitCode, IReadOnlyList<DoctorFinding> Findings)> DoctorAsync(Fleet fleet, params string[] more) =>
        DoctorRun.OfAsync(["--kamailio", fleet.Kamailio.RpcAddress, "--etcd", fleet.Etcd.Endpoint, "--reply-dir", _folder.File("r"), .. more]);

    private static DoctorFinding Of(IReadOnlyList<DoctorFinding> findings, string check) => findings.Single(finding => finding.Check == check);

    /// <summary>As the documents say: the include directly above the routing blocks, and the route called where calls went to PSTN.</summary>
    private string StockWithSnippet()
    {
        const string Above = "####### Routing Logic ########";
        const string Call = "\troute(PSTN);";
        var stock = File.ReadAllText(Environment.GetEnvironmentVariable(KamailioProgram.RootVariable) + "/etc/kamailio/kamailio.cfg");
        Assert.That((stock.Split(Above).Length, stock.Split(Call).Length), Is.EqualTo((2, 2)), "Debian's own configuration");
        var file = _folder.File("stock.cfg");
        File.WriteAllText(file, stock
            .Replace(Above, $"include_file \"{Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamrpc-dispatcher.cfg")}\"\n{Above}", StringComparison.Ordinal)
            .Replace(Call, "\troute(KAMRPC_DISPATCH);", StringComparison.Ordinal));
        return file;
    }
}
