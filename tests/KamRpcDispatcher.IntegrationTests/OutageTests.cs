using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

[Parallelizable(ParallelScope.All)]
public class OutageTests
{
    private static readonly string[] Uris = [.. Enumerable.Range(1, 5).Select(static number => $"sip:127.0.1.{number}:5060")];

    [Test]
    public async Task After_a_kill_and_restart_of_Kamailio_its_list_is_whole_within_two_seconds()
    {
        await using var fleet = await FleetOfFiveAsync();

        fleet.Kamailio.Kill();
        await fleet.Kamailio.StartAgainAsync();
        var whole = await fleet.WaitForListAsync(IsWhole);

        Print("from the return of Kamailio's socket, to a whole list", fleet.Kamailio.SocketCreatedTimestamp, whole);
        Assert.That(Stopwatch.GetElapsedTime(fleet.Kamailio.SocketCreatedTimestamp, whole), Is.LessThan(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public async Task A_reply_that_died_with_Kamailio_is_not_waited_for()
    {
        await using var fleet = await FleetOfFiveAsync("--rpc-timeout", "1m", "--resync", "100ms");

        // Stopped for several looks of the dispatcher's: one of its calls is waiting when Kamailio dies.
        fleet.Kamailio.Pause();
        await Task.Delay(TimeSpan.FromSeconds(1));
        fleet.Kamailio.Kill();
        await fleet.Kamailio.StartAgainAsync();
        var whole = await fleet.WaitForListAsync(IsWhole);

        Print("from the return of Kamailio's socket, to a whole list, with a reply outstanding", fleet.Kamailio.SocketCreatedTimestamp, whole);
        Assert.That(Stopwatch.GetElapsedTime(fleet.Kamailio.SocketCreatedTimestamp, whole), Is.LessThan(TimeSpan.FromSeconds(6)), "a tenth of what a reply is waited for");
    }

    [Test]
    public async Task A_reload_by_an_operator_is_repaired_within_two_seconds()
    {
        await using var fleet = await FleetOfFiveAsync();

        await fleet.Kamailio.CallAsync("dispatcher.reload");
        var reloaded = Stopwatch.GetTimestamp();
        Assert.That(IsWhole(await fleet.Kamailio.ListAsync()), Is.False, "a reload wipes what was added");
        var whole = await fleet.WaitForListAsync(IsWhole);

        Print("from a dispatcher.reload, to a whole list", reloaded, whole);
        Assert.That(Stopwatch.GetElapsedTime(reloaded, whole), Is.LessThan(TimeSpan.FromSeconds(2)));
    }

    [Test]
    public async Task While_etcd_is_stopped_nothing_leaves_and_after_its_return_both_sides_go_on()
    {
        await using var fleet = await Fleet.StartAsync();
        var announcers = new List<ServerProcess>();
        for (var i = 0; i < Uris.Length; i++)
        {
            announcers.Add(await fleet.AnnounceAsync($"m{i}", Uris[i]));
        }

        await fleet.WaitForListAsync(IsWhole);

        await fleet.Etcd.StopAsync();
        var stopped = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(stopped) < TimeSpan.FromSeconds(30))
        {
            Assert.That(IsWhole(await fleet.Kamailio.ListAsync()), "nothing leaves");
            await Task.Delay(200);
        }

        await fleet.Etcd.StartAgainAsync();
        var returned = Stopwatch.GetTimestamp();
        await fleet.Dispatcher.WaitForLineAsync("is followed again", Fleet.Deadline);
        foreach (var announcer in announcers)
        {
            await announcer.WaitForLineAsync("is kept alive again", Fleet.Deadline);
        }

        Print("from etcd's return, to everybody on again", returned, Stopwatch.GetTimestamp());
        await fleet.AnnounceAsync("late", "sip:127.0.1.77:5060");
        await fleet.WaitForListAsync(static list => list.Count == 6 && list.All(static entry => entry.Flags[0] != 'D'));

        // Longer than the TTL: the leases that lived through the outage are kept alive, not merely extended by it.
        announcers[0].Signal(UnixSignals.Terminate);
        await fleet.WaitForListAsync(static list => list.Count == 5);
        var settled = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(settled) < TimeSpan.FromSeconds(7))
        {
            Assert.That((await fleet.Kamailio.ListAsync()).Count(static entry => entry.Flags[0] != 'D'), Is.EqualTo(5));
            await Task.Delay(200);
        }
    }

    /// <summary>A frozen etcd revokes when it is back what its clock says has ended, though nobody could keep it alive. A machine that is paused freezes a dispatcher with it.</summary>
    [TestCase(9, false)]
    [TestCase(13, false)]
    [TestCase(9, true)]
    public async Task Whose_lease_ended_while_etcd_stood_still_gets_calls_all_along_even_the_only_one_of_its_set(int seconds, bool isDispatcherToo)
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.AnnounceAsync("only", "sip:127.0.1.9:5060", "--set", "2", "--ttl", "5s");
        foreach (var (uri, number) in Uris.Select(static (uri, number) => (uri, number)))
        {
            await fleet.AnnounceAsync($"m{number}", uri, "--ttl", "5s");
        }

        await fleet.WaitForListAsync(static list => list.Count == 6 && list.All(static entry => entry.Flags[0] != 'D'));
        string[] keys = [fleet.Keys.Members + "2/only", .. Uris.Select((_, number) => $"{fleet.Keys.Members}1/m{number}")];
        var leases = await LeasesAsync();
        fleet.Etcd.Pause();
        if (isDispatcherToo)
        {
            fleet.Dispatcher.Pause();
        }

        await Task.Delay(TimeSpan.FromSeconds(seconds));
        fleet.Dispatcher.Resume();
        fleet.Etcd.Resume();

        // A member may be written anew before the dispatcher hears that its lease has ended.
        if (!isDispatcherToo)
        {
            await fleet.Dispatcher.WaitForLineAsync("is followed again", Fleet.Deadline);
        }

        var waiting = Stopwatch.GetTimestamp();
        while ((await LeasesAsync()).Zip(leases).Any(static lease => lease.First is null || lease.First == lease.Second))
        {
            Assert.That(Stopwatch.GetElapsedTime(waiting), Is.LessThan(Fleet.Deadline), "other leases");
        }

        var resumed = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(resumed) < TimeSpan.FromSeconds(4))
        {
            var list = await fleet.Kamailio.ListAsync();
            Assert.That(list.Select(static entry => entry.Flags[0]), Has.Exactly(6).Items.And.All.Not.EqualTo('D'), fleet.Dispatcher.Output);
        }

        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain(": disabled sip:").And.Not.Contain("PANIC"));

        async Task<string?[]> LeasesAsync() => await Task.WhenAll(keys.Select(key => fleet.Etcd.LeaseAsync(key)));
    }

    [Test]
    public async Task Changes_that_were_compacted_away_while_nobody_watched_are_found_by_listing_again()
    {
        await using var fleet = await FleetOfFiveAsync();

        // A dispatcher that stands still while its connection ends has to ask for a revision that is no longer there.
        fleet.Dispatcher.Pause();
        await fleet.Etcd.StopAsync();
        await fleet.Etcd.StartAgainAsync();
        await fleet.Etcd.DeleteAsync(fleet.Keys.Members + "1/m0");
        await fleet.Etcd.PutAsync(fleet.Keys.Members + "1/new", """{"uri":"sip:127.0.1.99:5060"}""");
        await fleet.Etcd.CompactAsync(await fleet.Etcd.RevisionAsync());
        fleet.Dispatcher.Resume();

        await fleet.WaitForListAsync(static list => list.Count == 5 && Fleet.IsEnabled(list, "sip:127.0.1.99:5060") && !Fleet.IsEnabled(list, Uris[0]));
        Assert.That(fleet.Dispatcher.Output, Does.Contain("is compacted away"));
    }

    [Test]
    public async Task Neither_etcd_nor_Kamailio_at_the_start_is_waited_for_and_said()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        await etcd.StopAsync();
        await kamailio.StopAsync();
        using var folder = new TemporaryFolder();
        string[] arguments = [.. KamrpcProgram.Prefix, "dispatch", "--etcd", etcd.Endpoint, "--kamailio", kamailio.RpcAddress, "--reply-dir", folder.File("r"), "--state-dir", folder.File("state")];
        await using var dispatcher = ServerProcess.Start(KamrpcProgram.File, arguments);
        await dispatcher.WaitForLineAsync("cannot be followed", Fleet.Deadline);

        await etcd.StartAgainAsync();
        await etcd.PutAsync("/kamrpc/default/members/1/a", """{"uri":"sip:127.0.0.1:5099"}""");
        await dispatcher.WaitForLineAsync("Kamailio does not listen on", Fleet.Deadline);

        await kamailio.StartAgainAsync();
        await dispatcher.WaitForLineAsync("In step with revision 2: 1 destinations", Fleet.Deadline);

        dispatcher.Signal(UnixSignals.Terminate);
        Assert.That(await dispatcher.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await kamailio.ListAsync(), Has.Count.EqualTo(1), "a daemon that stops takes no calls from anybody");
    }

    private static async Task<Fleet> FleetOfFiveAsync(params string[] dispatchOptions)
    {
        var fleet = await Fleet.StartAsync(dispatchOptions: dispatchOptions);
        for (var i = 0; i < Uris.Length; i++)
        {
            await fleet.PutUriAsync($"1/m{i}", Uris[i]);
        }

        await fleet.WaitForListAsync(IsWhole);
        return fleet;
    }

    private static bool IsWhole(IReadOnlyList<FakeDestination> list) =>
        list.Count == Uris.Length && Uris.All(uri => Fleet.IsEnabled(list, uri));

    private static void Print(string what, long from, long to)
    {
        var figures = new Figures(what);
        figures.Add(from, to);
        figures.Print();
    }
}
