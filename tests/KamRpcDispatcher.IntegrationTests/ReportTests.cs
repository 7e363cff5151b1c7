using System.Diagnostics;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What a proxy's report says while something is wrong beside it: within three seconds it is there, and nothing in it pretends to be of now.</summary>
[Parallelizable(ParallelScope.All)]
public class ReportTests
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(3);

    [Test]
    public async Task A_Kamailio_that_has_ended_is_told_with_the_reason_and_what_was_known_of_it_keeps_its_age()
    {
        await using var fleet = await Fleet.StartAsync();
        var reports = new Reports(fleet.Store);
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7001");
        await reports.WaitAsync(static report => report.Sets.ContainsKey(1) && report.Drift == 0);

        var killed = Stopwatch.GetTimestamp();
        var killedAt = DateTimeOffset.UtcNow;
        fleet.Kamailio.Kill();
        var lost = await reports.WaitAsync(static report => report.Contact is { Answers: false }, killed, Promised);
        Print("Kamailio killed", killed);

        Assert.That(lost.Contact!.Reason, Does.StartWith("Kamailio does not listen on jsonrpc+unix:").And.Contain("kamrpc doctor"));
        Assert.That(lost.Contact.Since, Is.EqualTo(killedAt).Within(TimeSpan.FromSeconds(2)));
        Assert.That(lost.AppliedAt - killedAt, Is.LessThan((lost.WrittenAt!.Value - killedAt) / 2), "of before, or of a list that was under way");
        Assert.That((lost.Sets[1].Destinations, lost.Sets[1].Wanted), Is.EqualTo((1, 1)), "what is known of before stays");

        // The rhythm goes on, and tells nothing new of the list.
        var later = await reports.WaitAsync(report => report.WrittenAt - lost.WrittenAt > TimeSpan.FromSeconds(8));
        Assert.That((later.Contact, later.AppliedAt), Is.EqualTo((lost.Contact, lost.AppliedAt)));

        await fleet.Kamailio.StartAgainAsync();
        var back = Stopwatch.GetTimestamp();
        var answering = await reports.WaitAsync(static report => report.Contact is { Answers: true } && report.Sets.ContainsKey(1), back, Promised);
        Assert.That(answering.Contact!.Since, Is.GreaterThan(later.WrittenAt!.Value), "the age begins anew");
        Assert.That(answering.AppliedAt, Is.GreaterThan(later.WrittenAt!.Value));
    }

    [Test]
    public async Task A_Kamailio_that_never_answered_is_told_too()
    {
        await using var fleet = await Fleet.StartAsync();
        var reports = new Reports(fleet.Store);
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7001");
        await fleet.Dispatcher.DisposeAsync();
        await fleet.Kamailio.StopAsync();

        fleet.StartDispatcher();
        await fleet.Dispatcher.WaitForLineAsync("Kamailio does not listen on", Fleet.Deadline);
        var told = Stopwatch.GetTimestamp();
        var lost = await reports.WaitAsync(static report => report.Contact is { Answers: false }, told, Promised);

        Assert.That((lost.Revision, lost.Sets.Count, lost.Kamailio), Is.EqualTo((0L, 0, string.Empty)), "nothing is known");
        Assert.That(lost.Version, Does.Match(@"^\d+\.\d+\.\d+$"));
    }

    [Test]
    public async Task A_Kamailio_that_was_restarted_with_a_socket_that_is_not_ours_to_open_is_told_with_what_to_define()
    {
        OtherUser.RequireRoot();
        RealServers.Require("etcd", "etcdctl", "kamailio", "setpriv");
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        using var store = new EtcdConnection(Fleet.Endpoints(etcd), TimeProvider.System);
        using var folder = new TemporaryFolder();
        var reports = new Reports(store);
        await etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:127.0.0.1:7001"}""");

        // Root that may do no more than others: it opens what is its own.
        await using var dispatcher = ServerProcess.Start("setpriv",
        [
            "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", .. KamrpcProgram.Command,
            "dispatch", "--etcd", etcd.Endpoint, "--kamailio", kamailio.RpcAddress, "--proxy", "p1", "--reply-dir", folder.File("r"), "--state-dir", folder.File("state"),
        ]);
        await dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);

        await File.AppendAllTextAsync(kamailio.ConfigFile, """
            modparam("jsonrpcs", "dgram_user", "nobody")
            modparam("jsonrpcs", "dgram_mode", 0600)

            """);
        // Between Kamailio's making the socket and giving it away there is a moment in which anybody may be faster.
        dispatcher.Pause();
        kamailio.Kill();
        await kamailio.StartAgainAsync();
        var restarted = Stopwatch.GetTimestamp();
        dispatcher.Resume();
        var lost = await reports.WaitAsync(static report => report.Contact is { Answers: false, Reason: { } reason } && reason.Contains("Permission denied", StringComparison.Ordinal), restarted, Promised);
        Print("Kamailio restarted with a socket of another user's", restarted);

        Assert.That(lost.Contact!.Reason, Does.Contain("KAMRPC_SOCKET_USER"));
        Assert.That(await kamailio.ListAsync(), Is.Empty, "which the report does not know: it says of when it is");
        Assert.That(lost.AppliedAt - lost.Contact.Since, Is.LessThan((lost.WrittenAt!.Value - lost.Contact.Since) / 2));
    }

    [Test]
    public async Task While_the_RPC_worker_is_frozen_a_withdrawal_is_not_acknowledged_and_the_report_says_why()
    {
        await using var fleet = await Fleet.StartAsync(new FleetOptions { HasDefaultRemovalDelay = true });
        var reports = new Reports(fleet.Store);
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7001");
        await fleet.PutUriAsync("1/b", "sip:127.0.0.1:7002");
        var before = await reports.WaitAsync(static report => report is { Drift: 0 } && report.Sets.TryGetValue(1, out var set) && set.Destinations == 2);

        await fleet.Kamailio.PauseProcessAsync("JSONRPCS DATAGRAM");
        var frozen = Stopwatch.GetTimestamp();
        await fleet.DeleteAsync("1/b");
        var lost = await reports.WaitAsync(static report => report.Contact is { Answers: false }, frozen, Promised);
        Print("the RPC worker frozen", frozen);
        Assert.That(lost.Contact!.Reason, Does.StartWith("no reply from Kamailio within"));
        Assert.That(lost.Silenced, Is.EqualTo(before.Silenced), "calls may still go there");

        fleet.Kamailio.Resume();
        var silent = await reports.WaitAsync(report => report.Contact is { Answers: true } && report.Silenced > before.Silenced);
        Assert.That(silent.Silenced, Is.GreaterThan(before.Silenced!.Value));
        var left = (await reports.WaitAsync(static report => report.Deviations.Any(static deviation => deviation.Kind == DeviationKind.Leaving))).Deviations.Single(static deviation => deviation.Kind == DeviationKind.Leaving);
        Assert.That((left.Set, left.Name, left.Uri, left.Flags![0]), Is.EqualTo((1, "b", "sip:127.0.0.1:7002", 'D')));
        Assert.That(left.Until - left.Since, Is.EqualTo(TimeSpan.FromSeconds(30)).Within(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public async Task Servers_that_Kamailio_has_found_dead_are_named_with_its_flags_and_the_set_is_said_to_have_nobody()
    {
        await using var servers = new SipResponder("127.0.45", 3);
        await using var fleet = await Fleet.StartAsync(new KamailioOptions());
        var reports = new Reports(fleet.Store);
        foreach (var (uri, index) in servers.Uris.Select(static (uri, index) => (uri, index)))
        {
            await fleet.PutUriAsync($"1/m{index}", uri);
        }

        await reports.WaitAsync(static report => report.Sets.TryGetValue(1, out var set) && set is { Destinations: 3, Routable: 3, Wanted: 3, Serving: 3 } && report.Deviations.IsEmpty);

        servers.IsDead = static _ => true;
        var dead = await fleet.WaitForListAsync(static list => list.Count == 3 && list.All(static entry => entry.Flags[0] == 'I'), TimeSpan.FromMinutes(2));
        var report = await reports.WaitAsync(static report => report.Sets[1] is { Routable: 0, Wanted: 3, Serving: 0 } && report.Deviations.Length == 3, dead, Promised);
        Print("Kamailio's verdict on the last of three servers", dead);
        Assert.That(report.Contact!.Answers);
        Assert.That(report.Deviations.Select(static deviation => (deviation.Kind, deviation.Name, deviation.Flags)), Is.EqualTo(new[] { ("inactive", "m0", "IP"), ("inactive", "m1", "IP"), ("inactive", "m2", "IP") }));

        servers.IsDead = static _ => false;
        await reports.WaitAsync(static report => report.Sets[1] is { Serving: 3 } && report.Deviations.IsEmpty);
    }

    [Test]
    public async Task A_destination_that_Kamailio_refuses_is_named_in_a_set_of_which_it_has_nothing()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.PutUriAsync("7/bad", "sip:no-such-host.invalid:5060");

        var report = await new Reports(fleet.Store).WaitAsync(static report => report.Deviations.Any(static deviation => deviation.Kind == DeviationKind.Refused));
        Assert.That(report.Sets[7], Is.EqualTo(new SetStatus(0, 0) { Wanted = 1, Serving = 0, Drift = 1, Refused = 1 }));
        Assert.That((report.Deviations[0].Name, report.Deviations[0].Flags), Is.EqualTo(("bad", (string?)null)));
        Assert.That(report.Deviations[0].Reason, Is.Not.Empty);
        Assert.That(report.Deviations[0].Until, Is.GreaterThan(report.Deviations[0].Since));
    }

    [Test]
    public async Task An_idle_dispatcher_writes_its_report_every_ten_seconds_and_nothing_else()
    {
        await using var fleet = await Fleet.StartAsync(new KamailioOptions());
        var reports = new Reports(fleet.Store);
        await fleet.PutUriAsync("1/a", "sip:127.0.0.1:7001");

        // Nobody is there: Kamailio has to find that out first.
        await reports.WaitAsync(static report => report.Deviations is [{ Kind: DeviationKind.Inactive }]);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var (before, revision) = ((await reports.ReadAsync())!.Value, await fleet.Etcd.RevisionAsync());
        await Task.Delay(TimeSpan.FromMinutes(1));
        var (after, then) = ((await reports.ReadAsync())!.Value, await fleet.Etcd.RevisionAsync());

        await TestContext.Out.WriteLineAsync($"an idle dispatcher: {after.Writes - before.Writes} writes of {after.Bytes} bytes in a minute");
        Assert.That(after.Writes - before.Writes, Is.InRange(5, 7));
        Assert.That(then - revision, Is.EqualTo(after.Writes - before.Writes), "etcd holds nothing else that is new");
        Assert.That(after.Bytes, Is.LessThan(1500));
        Assert.That(DateTimeOffset.UtcNow - after.Status.WrittenAt, Is.LessThan(ProxyStatus.WrittenEvery + TimeSpan.FromSeconds(2)));
    }

    private static void Print(string what, long since) =>
        TestContext.Out.WriteLine($"{what}, to the report: {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
}
