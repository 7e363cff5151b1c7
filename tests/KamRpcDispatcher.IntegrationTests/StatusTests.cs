using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc status</c> and <c>kamrpc confirm</c>, with a real etcd and what dispatchers would have written there.</summary>
[Parallelizable]
public class StatusTests
{
    private const string Members = "/kamrpc/default/members/";
    private const string Proxies = "/kamrpc/default/proxies/";
    private const string TwoHeld = """,  "held":[{"member":"1/a","uri":"sip:10.0.0.1"},{"member":"2/b","uri":"sip:10.0.0.2:5070"}] """;

    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopEtcd() => await (_etcd?.DisposeAsync() ?? default);

    [Test]
    public async Task A_cluster_in_step_is_shown_and_the_exit_code_says_so()
    {
        await _etcd.PutAsync(Members + "1/a", """{"uri":"sip:10.0.0.1","weight":50,"labels":{"version":"v2"}}""", leaseSeconds: 60);
        var revision = await _etcd.PutAsync(Members + "1/b", """{"uri":"sip:10.0.0.2","state":"draining","reason":"kernel update"}""");
        await ReportAsync("p1", revision);

        var (exitCode, output, errors) = await RunAsync("status", "--verbose");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.StartWith("SET 1: 1 of 2 gets calls").And.EndWith("In step.\n"));
        Assert.That(output, Does.Contain("draining, static (kernel update)").And.Contain("version=v2").And.Contain("observed"));
    }

    [Test]
    public async Task A_cluster_without_a_proxy_is_not_in_step()
    {
        var (exitCode, output, _) = await RunAsync("status");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("no proxy reports"));
    }

    [Test]
    public async Task Another_cluster_is_another_matter()
    {
        await AnnounceAsync();
        await ReportAsync("p1", await _etcd.PutAsync("/kamrpc/lab/members/1/a", "rubbish"));

        Assert.That((await RunAsync("status")).ExitCode, Is.Zero);
        Assert.That((await RunAsync("status", "--cluster", "lab")).ExitCode, Is.EqualTo(1));
    }

    [TestCase(""","held":[{"member":"1/a","uri":"sip:10.0.0.1"}]""", "PANIC: 1 member held back", "held")]
    [TestCase(""","quarantined":[{"set":1,"uri":"sip:x","reason":"no such host","retryAt":"2100-01-01T00:00:00Z"}]""", "QUARANTINED: 1 destination that cannot be put into Kamailio", "quarantined")]
    [TestCase(""","fromSnapshot":"yes" """, "unreadable: fromSnapshot is neither true nor false", "report-unreadable")]
    [TestCase(""","trouble":[{"kind":"kamailio","since":"2026-01-31T12:00:00Z","text":"gone"}]""", "LOST for", "kamailio-lost")]
    public async Task What_a_proxy_cannot_do_is_shown_and_has_a_code_and_the_exit_code_says_so(string more, string shown, string code)
    {
        await ReportAsync("p1", await AnnounceAsync(), more);

        var (exitCode, output, _) = await RunAsync("status");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain(shown).And.Contain("NOT IN STEP"));

        (exitCode, output, _) = await RunAsync("status", "-o", "json");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Codes(output), Is.EqualTo(new[] { code }));
        Assert.That((await RunAsync("status", "-o", "yaml")).Output, Does.Contain($"\nproblems:\n  - code: {code}\n"));
        Assert.That((await RunAsync("status", "--ignore", code)).ExitCode, Is.Zero);
    }

    [Test]
    public async Task A_proxy_of_an_older_version_is_not_said_to_be_fine()
    {
        await AnnounceAsync();
        await _etcd.PutAsync(Proxies + "p1", """{"revision":9,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{}}""", leaseSeconds: 60);

        var (exitCode, output, _) = await RunAsync("status", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Codes(output), Is.EqualTo(new[] { "report-older-version" }));
    }

    [Test]
    public async Task A_report_of_a_clock_that_is_off_is_watched_until_the_next_one_comes()
    {
        var revision = await AnnounceAsync();
        await ReportAsync("p1", revision, writtenAt: DateTimeOffset.UtcNow.AddMinutes(-10));
        await using var status = ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, "status", "-o", "json", "--etcd", _etcd.Endpoint]);
        await status.WaitForLineAsync("by this host's clock the report of p1 is old, or of the future", Fleet.Deadline);

        await ReportAsync("p1", revision, writtenAt: DateTimeOffset.UtcNow.AddMinutes(-10));

        Assert.That(await status.Exited.WaitAsync(Fleet.Deadline), Is.Zero, status.Output);
        Assert.That(status.Output, Does.Match("\"clockOffsetSeconds\": -(599|60[0-9])"));
    }

    [Test]
    public async Task A_report_that_is_not_written_any_more_is_stale()
    {
        await ReportAsync("p1", await AnnounceAsync(), writtenAt: DateTimeOffset.UtcNow.AddMinutes(-10));

        var (exitCode, output, _) = await RunAsync("status", "-o", "json");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(Codes(output), Is.EqualTo(new[] { "report-stale" }));
    }

    [Test]
    public async Task Rejected_records_and_late_proxies_are_in_the_JSON()
    {
        await ReportAsync("p1", 1);
        await _etcd.PutAsync(Members + "1/bad", """{"uri":"sip:10.0.0.1","weight":0}""");

        var (exitCode, output, errors) = await RunAsync("status", "-o", "json");

        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)));
        var status = JsonElement.Parse(output);
        Assert.That(status.GetProperty("rejected")[0].GetProperty("key").GetString(), Is.EqualTo(Members + "1/bad"));
        Assert.That(status.GetProperty("rejected")[0].GetProperty("reason").GetString(), Does.Contain("the weight 0"));
        Assert.That(status.GetProperty("proxies")[0].GetProperty("report").GetProperty("behind").GetInt64(), Is.EqualTo(2));
        Assert.That(status.GetProperty("inStep").GetBoolean(), Is.False);
    }

    [TestCase("status")]
    [TestCase("confirm")]
    public async Task Without_etcd_the_answer_is_an_error_within_seconds(string command)
    {
        await _etcd.StopAsync();
        await AssertUnreachableAsync(command, "Connection refused");
    }

    [TestCase("status")]
    [TestCase("confirm")]
    public async Task An_etcd_that_hangs_is_not_waited_for(string command)
    {
        _etcd.Pause();
        await AssertUnreachableAsync(command, "nothing within 2s)");
    }

    [Test]
    public async Task Held_members_are_confirmed_gone_for_a_minute()
    {
        await ReportAsync("p1", 1, TwoHeld);
        await ReportAsync("p2", 1, TwoHeld);

        var (exitCode, output, errors) = await RunAsync("confirm", "--as", "ops@host", "--reason", "rack 3 burnt");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        var history = JsonElement.Parse(await _etcd.GetAsync((await _etcd.KeysAsync("/kamrpc/default/history/")).Single()) ?? "");
        Assert.That((history.GetProperty("what").GetString(), history.GetProperty("by").GetString(), history.GetProperty("reason").GetString(), history.GetProperty("subjects").GetRawText()), Is.EqualTo(("confirm", "ops@host", "rack 3 burnt", "[\"a\",\"b\"]")));
        Assert.That(output.Split('\n').Count(static line => line.EndsWith("confirmed gone", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Is.EqualTo("""{"uri":"sip:10.0.0.1","state":"down","reason":"confirmed gone"}"""));
        Assert.That(await _etcd.GetAsync(Members + "2/b"), Is.EqualTo("""{"uri":"sip:10.0.0.2:5070","state":"down","reason":"confirmed gone"}"""));
        await AssertLeaseAsync("1/a");
    }

    [Test]
    public async Task Only_the_given_sets_are_confirmed()
    {
        await ReportAsync("p1", 1, TwoHeld);

        var (exitCode, output, _) = await RunAsync("confirm", "--set", "2,3", "-o", "json");

        Assert.That(exitCode, Is.Zero);
        Assert.That(JsonElement.Parse(output).GetProperty("members").EnumerateArray().Select(static member => $"{member.GetProperty("name")} {member.GetProperty("result")}"), Is.EqualTo(new[] { "b confirmed" }));
        Assert.That(await _etcd.KeysAsync(Members), Is.EqualTo(new[] { Members + "2/b" }));
    }

    [Test]
    public async Task A_member_that_is_back_is_left_alone_and_said_to_be_alive()
    {
        const string Alive = """{"uri":"sip:10.0.0.1"}""";
        await _etcd.PutAsync(Members + "1/a", Alive, leaseSeconds: 60);
        await ReportAsync("p1", 1, TwoHeld);

        var (exitCode, output, _) = await RunAsync("confirm");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("its key is back, it is alive again").And.Contain("confirmed gone"));
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Is.EqualTo(Alive));
        Assert.That(await _etcd.GetAsync(Members + "2/b"), Is.Not.Null, "the other one is confirmed nevertheless");
    }

    [Test]
    public async Task Confirming_twice_does_no_harm()
    {
        await ReportAsync("p1", 1, TwoHeld);
        await RunAsync("confirm");

        var (exitCode, output, _) = await RunAsync("confirm");

        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Does.Contain("confirmed before"));
    }

    [Test]
    public async Task A_server_that_was_confirmed_gone_and_comes_back_is_announced_at_once()
    {
        await ReportAsync("p1", 1, TwoHeld);
        await RunAsync("confirm");

        await using var announcer = ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, "announce", "--etcd", _etcd.Endpoint, "--name", "a", "--uri", "sip:10.0.0.1", "--probe", "none"]);
        await announcer.WaitForLineAsync("Wrote", Fleet.Deadline);

        Assert.That(await _etcd.GetAsync(Members + "1/a"), Does.StartWith("{\"uri\":\"sip:10.0.0.1\","));
    }

    [Test]
    public async Task With_nothing_held_there_is_nothing_to_do_and_what_is_not_known_is_said()
    {
        await _etcd.PutAsync(Proxies + "p1", "rubbish");

        var (exitCode, output, errors) = await RunAsync("confirm");

        Assert.That(exitCode, Is.Zero);
        Assert.That(output, Is.EqualTo("Nothing is held back.\n"));
        Assert.That(errors, Does.Contain("the report of proxy p1 cannot be read"));
    }

    [Test]
    public async Task A_confirmed_member_is_no_longer_expired_for_a_dispatcher()
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        var watch = new MembershipWatch(store, new EtcdKeys("default"), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<MembershipWatch>.Instance);
        using var changes = new SemaphoreSlim(0);
        using var stop = new CancellationTokenSource();
        await _etcd.PutAsync(Members + "1/a", """{"uri":"sip:10.0.0.1"}""", leaseSeconds: 60);
        var following = watch.RunAsync(() => changes.Release(), stop.Token);
        await ReportAsync("p1", 1, TwoHeld);

        await WaitAsync(static membership => membership?.Members.Count == 1);
        await _etcd.RevokeAsync(await LeaseAsync("1/a"));
        await WaitAsync(static membership => membership!.Expired.Count == 1);
        await RunAsync("confirm", "--set", "1");
        await WaitAsync(static membership => membership!.Expired.Count == 0 && membership.Members.Single().State == MemberState.Down);
        await _etcd.RevokeAsync(await LeaseAsync("1/a"));
        await WaitAsync(static membership => membership!.Members.Count == 0);

        Assert.That(watch.Current!.Expired, Is.Empty, "the end of the confirmation is no expiry");
        await stop.CancelAsync();
        Assert.That(async () => await following, Throws.InstanceOf<OperationCanceledException>());

        async Task WaitAsync(Func<Membership?, bool> condition)
        {
            while (!condition(watch.Current))
            {
                Assert.That(await changes.WaitAsync(Fleet.Deadline), "in time");
            }
        }
    }

    [Test]
    public async Task What_a_real_dispatcher_holds_back_is_shown_and_gets_no_more_calls_when_confirmed()
    {
        await using var fleet = await Fleet.StartAsync();
        for (var number = 1; number <= 4; number++)
        {
            await fleet.Etcd.PutAsync($"{Members}1/m{number}", $$"""{"uri":"sip:127.0.1.{{number}}"}""", leaseSeconds: 8);
        }

        await fleet.WaitForListAsync(static list => list.Count == 4);
        await fleet.Dispatcher.WaitForLineAsync("PANIC in set 1", TimeSpan.FromSeconds(30));
        await fleet.WaitForListAsync(static list => list.Count == 2);
        await Kamrpc.WaitForStatusAsync("PANIC: 2 members held back", "--etcd", fleet.Etcd.Endpoint);

        var (exitCode, output, _) = await RunAsync(fleet.Etcd, "confirm");

        Assert.That(exitCode, Is.Zero, output);
        await fleet.WaitForListAsync(static list => !list.Any(entry => Fleet.IsEnabled(list, entry.Uri)));
        var (_, status) = await Kamrpc.WaitForStatusAsync("set 1 has 2 members and no routable destination on p1", "--etcd", fleet.Etcd.Endpoint);
        Assert.That(status, Does.StartWith("SET 1: 0 of 2 get calls").And.Contain("down (confirmed gone)"));
    }

    private static IEnumerable<string?> Codes(string json) => JsonElement.Parse(json).GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("code").GetString());

    /// <summary>A cluster without anybody is a finding of its own.</summary>
    private Task<long> AnnounceAsync() => _etcd.PutAsync(Members + "1/ready", """{"uri":"sip:10.0.0.9"}""");

    private Task<long> ReportAsync(string proxy, long revision, string more = "", DateTimeOffset? writtenAt = null) => _etcd.PutAsync(
        Proxies + proxy,
        $$$"""
        {"revision":{{{revision}}},"version":"0.1.0","writtenAt":"{{{writtenAt ?? DateTimeOffset.UtcNow:O}}}","contact":{"answers":true,"since":"2026-01-31T12:00:00Z"},"appliedAt":"{{{writtenAt ?? DateTimeOffset.UtcNow:O}}}","follows":{"revision":0,"records":0},
        "kamailio":"5.6","drift":0,"sets":{"1":{"destinations":2,"routable":1,"wanted":1,"serving":1}},"grace":{"mode":"observed (syscall)","count":3,"p50Ms":0.6,"p99Ms":1,"maxMs":2,"timeouts":0}{{{more}}}}
        """,
        leaseSeconds: 60);

    private async Task AssertUnreachableAsync(string command, string reason)
    {
        var begun = Stopwatch.GetTimestamp();
        var (exitCode, output, errors) = await RunAsync(command);

        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.StartWith($"kamrpc: etcd at {_etcd.Endpoint} does not answer (").And.Contain(reason));
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(10)), "two seconds, and the start of a process on a busy machine");
    }

    private async Task AssertLeaseAsync(string member)
    {
        using var store = new EtcdConnection(Fleet.Endpoints(_etcd), TimeProvider.System);
        var lease = await store.Leases.LeaseTimeToLiveAsync(new Etcdserverpb.LeaseTimeToLiveRequest { ID = Convert.ToInt64(await LeaseAsync(member), 16) });
        Assert.That(lease.GrantedTTL, Is.EqualTo(60));
    }

    /// <summary>The lease of a member's key, as status shows it.</summary>
    private async Task<string> LeaseAsync(string member)
    {
        var status = JsonElement.Parse((await RunAsync("status", "-o", "json")).Output);
        return status.GetProperty("members").EnumerateArray().Single(entry => $"{entry.GetProperty("set")}/{entry.GetProperty("name")}" == member).GetProperty("lease").GetString()!;
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(_etcd, arguments);

    private static Task<(int ExitCode, string Output, string Errors)> RunAsync(EtcdServer etcd, params string[] arguments) =>
        Kamrpc.RunAsync([.. arguments, "--etcd", etcd.Endpoint]);
}
