using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What keeps calls flowing when everything else goes wrong.</summary>
[Category("Matrix")]
[Parallelizable]
public class SafetyTests
{
    private static readonly string[] Uris = [.. Enumerable.Range(1, 4).Select(static number => $"sip:127.0.1.{number}:5060")];

    [Test]
    public async Task When_all_announcers_die_at_once_half_of_the_set_stays_until_they_come_back()
    {
        await using var fleet = await Fleet.StartAsync();
        var announcers = await AnnounceAllAsync(fleet);

        announcers.ForEach(static announcer => announcer.Kill());
        await fleet.Dispatcher.WaitForLineAsync("PANIC in set 1", Fleet.Deadline);
        await fleet.WaitForListAsync(static list => list.Count == 2);
        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Flags[0]), Is.All.Not.EqualTo('D'));
        await WaitForReportAsync(fleet, "\"held\":[{\"member\":\"1/m");

        await AnnounceAllAsync(fleet);
        await fleet.Dispatcher.WaitForLineAsync("Panic in set 1 is over", Fleet.Deadline);
    }

    [Test]
    public async Task Announcers_that_are_stopped_in_order_leave_though_it_is_all_of_them()
    {
        await using var fleet = await Fleet.StartAsync();
        var announcers = await AnnounceAllAsync(fleet);

        announcers.ForEach(static announcer => announcer.Signal(UnixSignals.Terminate));

        await fleet.WaitForListAsync(static list => list.Count == 0);
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("PANIC"));
    }

    [Test]
    public async Task A_daemon_that_restarts_in_a_panic_holds_the_same_members()
    {
        await using var fleet = await Fleet.StartAsync();
        var announcers = await AnnounceAllAsync(fleet);
        announcers.ForEach(static announcer => announcer.Kill());
        await fleet.WaitForListAsync(static list => list.Count == 2);
        var held = (await fleet.Kamailio.ListAsync()).Select(static entry => entry.Uri).ToList();

        fleet.Dispatcher.Signal(UnixSignals.Terminate);
        await fleet.Dispatcher.Exited.WaitAsync(Fleet.Deadline);
        fleet.StartDispatcher();
        await fleet.Dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);

        Assert.That((await fleet.Kamailio.ListAsync()).Select(static entry => entry.Uri), Is.EquivalentTo(held));
    }

    [Test]
    public async Task With_etcd_down_a_fresh_daemon_gives_a_fresh_Kamailio_its_destinations()
    {
        await using var fleet = await Fleet.StartAsync();
        foreach (var uri in Uris)
        {
            await fleet.PutUriAsync($"1/m{uri.Split('.')[3].Split(':')[0]}", uri);
        }

        await fleet.WaitForListAsync(static list => list.Count == 4);
        fleet.Dispatcher.Signal(UnixSignals.Terminate);
        await fleet.Dispatcher.Exited.WaitAsync(Fleet.Deadline);
        await fleet.Etcd.StopAsync();
        await fleet.Kamailio.StopAsync();

        await fleet.Kamailio.StartAgainAsync();
        fleet.StartDispatcher();
        await fleet.WaitForListAsync(static list => list.Count == 4 && Uris.All(uri => Fleet.IsEnabled(list, uri)));

        await fleet.Etcd.StartAgainAsync();
        await fleet.PutUriAsync("1/late", "sip:127.0.1.9:5060");
        await fleet.WaitForListAsync(static list => list.Count == 5);
    }

    [Test]
    public async Task A_second_daemon_for_one_Kamailio_refuses_and_names_the_first()
    {
        await using var fleet = await Fleet.StartAsync();
        using var folder = new TemporaryFolder();
        string[] second = ["dispatch", "--etcd", fleet.Etcd.Endpoint, "--kamailio", fleet.Kamailio.RpcAddress, "--proxy", "p2", "--reply-dir", folder.File("r"), "--state-dir", folder.File("s")];

        var refused = fleet.Start(second);
        Assert.That(await refused.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(4));
        await refused.Gone;
        Assert.That(refused.Output, Does.Contain($"p1 (PID {fleet.Dispatcher.Pid})"));

        fleet.Dispatcher.Kill();
        await fleet.Dispatcher.Exited;
        await fleet.Start(second).WaitForLineAsync("In step with revision", Fleet.Deadline);
    }

    [Test]
    public async Task With_probed_admission_a_member_gets_calls_only_after_its_first_good_reply()
    {
        await using var fleet = await Fleet.StartAsync(new KamailioOptions(), "--admission", "probed");
        await using var first = await SipServer.StartAsync();
        await using var alive = await SipServer.StartAsync();

        // Whoever is the first in its set gets calls at once: without it nobody would.
        await fleet.PutUriAsync("1/first", first.Uri);
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, first.Uri));
        await fleet.PutUriAsync("1/dead", "sip:127.0.0.1:5099");
        await fleet.PutUriAsync("1/alive", alive.Uri);
        await fleet.WaitForListAsync(list =>
        {
            Assert.That(Fleet.IsRoutable(list, "sip:127.0.0.1:5099"), Is.False);
            return Fleet.IsRoutable(list, alive.Uri);
        });

        Assert.That(alive.Probes, Is.GreaterThan(0));
    }

    [Test]
    public async Task A_member_that_flaps_costs_no_structural_change_and_one_that_stays_away_is_removed()
    {
        await using var fleet = await Fleet.StartAsync(dispatchOptions: ["--removal-delay", "3s"]);
        await fleet.PutUriAsync("1/stays", "sip:127.0.1.1:5060");
        for (var i = 0; i < 10; i++)
        {
            await fleet.PutUriAsync("1/flaps", "sip:127.0.1.2:5060");
            await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.1.2:5060"));
            await fleet.DeleteAsync("1/flaps");
            await fleet.WaitForListAsync(static list => !Fleet.IsEnabled(list, "sip:127.0.1.2:5060"));
        }

        var disabled = Stopwatch.GetTimestamp();
        Assert.That(fleet.Dispatcher.CountLines("PlanExecutor[2000]"), Is.EqualTo(2));

        var removed = await fleet.WaitForListAsync(static list => list.Count == 1);
        Assert.That(Stopwatch.GetElapsedTime(disabled, removed), Is.InRange(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6)));
    }

    private static async Task WaitForReportAsync(Fleet fleet, string part)
    {
        var begun = Stopwatch.GetTimestamp();
        while (await fleet.Etcd.GetAsync("/kamrpc/default/proxies/p1") is not { } report || !report.Contains(part, StringComparison.Ordinal))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }

    private static async Task<List<ServerProcess>> AnnounceAllAsync(Fleet fleet)
    {
        var announcers = new List<ServerProcess>();
        for (var i = 0; i < Uris.Length; i++)
        {
            announcers.Add(await fleet.AnnounceAsync($"m{i}", Uris[i], "--ttl", "3s"));
        }

        await fleet.WaitForListAsync(static list => Uris.All(uri => Fleet.IsEnabled(list, uri)));
        return announcers;
    }
}
