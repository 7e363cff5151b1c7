using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What an operator reads in the dispatcher's log when something happens to a server, or to Kamailio: who, and why.</summary>
[Parallelizable]
public class RoutingLogTests
{
    [Test]
    public async Task A_box_that_is_stopped_or_frozen_or_killed_is_named_with_the_reason_and_so_is_a_set_without_anybody()
    {
        await using var fleet = await Fleet.StartAsync(new FleetOptions { HasDefaultRemovalDelay = true });
        await using var stopped = await SipServer.StartAsync();
        await using var frozen = await SipServer.StartAsync();
        await using var killed = await SipServer.StartAsync();
        var (stoppedName, frozenName, killedName) = ($"Set 1: stopped ({stopped.Uri})", $"Set 1: frozen ({frozen.Uri})", $"Set 1: killed ({killed.Uri})");
        var stoppedAnnouncer = await fleet.AnnounceAsync("stopped", stopped.Uri, "--probe", "options");
        await fleet.AnnounceAsync("frozen", frozen.Uri, "--probe", "options");
        var killedAnnouncer = await fleet.AnnounceAsync("killed", killed.Uri, "--probe", "options", "--ttl", "3s");
        foreach (var name in new[] { stoppedName, frozenName, killedName })
        {
            await fleet.Dispatcher.WaitForLineAsync($"{name} gets calls: joined", Fleet.Deadline);
        }

        // Kamailio's own pings may find it first; what its announcer says of it is told all the same.
        frozen.Pause();
        await fleet.Dispatcher.WaitForLineAsync("down (no answer to OPTIONS within 500ms)", Fleet.Deadline);
        frozen.Resume();
        await fleet.Dispatcher.WaitForLineAsync($"{frozenName} gets calls again: ready", Fleet.Deadline);

        stoppedAnnouncer.Signal(UnixSignals.Terminate);
        await fleet.Dispatcher.WaitForLineAsync($"{stoppedName} gets no more calls: draining (its announcer was asked to stop)", Fleet.Deadline);
        await fleet.Dispatcher.WaitForLineAsync($"{stoppedName} gets no calls: withdrew", Fleet.Deadline);

        killedAnnouncer.Kill();
        await fleet.Dispatcher.WaitForLineAsync($"{killedName} gets no more calls: lease expired, or its key was deleted", Fleet.Deadline);

        frozen.Kill();
        await fleet.Dispatcher.WaitForLineAsync("Set 1 has NO routable destination: no call to it can be served (", Fleet.Deadline);
        await frozen.StartAgainAsync();
        await fleet.Dispatcher.WaitForLineAsync("Set 1 has a routable destination again, after ", Fleet.Deadline);
    }

    [Test]
    public async Task What_Kamailio_finds_dead_by_itself_and_what_somebody_disables_by_hand_is_told()
    {
        await using var fleet = await Fleet.StartAsync(new KamailioOptions());
        await using var first = await SipServer.StartAsync();
        await using var second = await SipServer.StartAsync();
        await fleet.PutUriAsync("1/first", first.Uri);
        await fleet.PutUriAsync("1/second", second.Uri);
        await fleet.Dispatcher.WaitForLineAsync($"Set 1: second ({second.Uri}) gets calls: joined", Fleet.Deadline);

        await fleet.Kamailio.CallAsync("dispatcher.set_state", "dp", 1, first.Uri);
        await fleet.Dispatcher.WaitForLineAsync($"Set 1: first ({first.Uri}) was disabled in Kamailio by somebody else: enabled again", Fleet.Deadline);
        await fleet.Dispatcher.WaitForLineAsync($"Set 1: first ({first.Uri}) gets calls again: ready", Fleet.Deadline);

        second.Pause();
        await fleet.Dispatcher.WaitForLineAsync($"Set 1: second ({second.Uri}) does not answer Kamailio's pings (IP)", Fleet.Deadline);
        second.Resume();
        await fleet.Dispatcher.WaitForLineAsync($"Set 1: second ({second.Uri}) answers Kamailio's pings again, and gets calls", Fleet.Deadline);

        await fleet.Kamailio.CallAsync("dispatcher.reload");
        await fleet.Dispatcher.WaitForLineAsync("2 destinations that kamrpc had added are gone from Kamailio's list (first, second)", Fleet.Deadline);
    }

    [Test]
    public async Task That_Kamailio_is_away_is_told_with_each_reason_and_in_the_end_how_long_it_was()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.WaitForListAsync(static list => list.Count == 1);

        fleet.Kamailio.Pause();
        await fleet.Dispatcher.WaitForLineAsync("no reply from Kamailio within 1s", Fleet.Deadline);
        fleet.Kamailio.Kill();
        await fleet.Dispatcher.WaitForLineAsync("ago, now for another reason: Kamailio does not listen on", Fleet.Deadline);
        await fleet.Kamailio.StartAgainAsync();
        await fleet.Dispatcher.WaitForLineAsync("Kamailio can be used again, after ", Fleet.Deadline);
    }

    [Test]
    public async Task A_reload_delta_is_found_at_the_start_and_its_refusals_are_one_line_a_minute()
    {
        await using var fleet = await Fleet.StartAsync(KamailioOptions.WithLatePings with { FinalConfig = "modparam(\"dispatcher\", \"reload_delta\", 5)" });
        await fleet.PutUriAsync("1/a", "sip:127.0.1.1:5060");
        await fleet.PutUriAsync("1/b", "sip:127.0.1.2:5060");
        await fleet.WaitForListAsync(static list => list.Count == 2);
        await fleet.Dispatcher.WaitForLineAsync("kamailio.reload-delta: reload_delta is 5 (", Fleet.Deadline);

        Assert.That(fleet.Dispatcher.CountLines("[3005]"), Is.EqualTo(1));
    }
}
