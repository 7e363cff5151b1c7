using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.IntegrationTests.Shares.FleetShares;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>Shares that operators wish in etcd are in a real Kamailio's maps: without structural changes once the classes stand, over restarts of everything, and gone at once when they end.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class SplitTests
{
    private const string Canary5 = """{"label":"version","shares":{"v1":95,"v2":5},"by":"ops@host"}""";
    private const string Canary50 = """{"label":"version","shares":{"v1":50,"v2":50},"by":"ops@host"}""";

    [Test]
    public async Task A_canary_grows_by_its_map_alone_and_its_end_leaves_the_home_set_as_it_was()
    {
        await using var fleet = await Fleet.StartAsync();
        await AnnounceAsync(fleet, "v1", 1, 8);
        await AnnounceAsync(fleet, "v2", 9, 2);
        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 10);
        await fleet.ReportedAsync(10);
        Assert.That(await ListedMap.OfAsync(fleet.Kamailio), Is.Null);

        await SplitAsync(fleet, Canary5);
        var map = await UntilAsync(fleet, static map => map?.Counts.Count == 2 && map.CountOf(0) == 0);
        Assert.That(map!.Counts.Values.Order(), Is.EqualTo(new[] { 51, 973 }));
        var list = await fleet.Kamailio.ListAsync();
        Assert.That(list.Where(static entry => ClassSets.Has(entry.Set)).CountBy(static entry => entry.Set).Select(static set => set.Value).Order(), Is.EqualTo(new[] { 2, 8 }));

        const int Changes = 20; // All ten, in the set and in their classes.
        AreLogged(fleet, Changes);
        var begun = Stopwatch.GetTimestamp();
        await SplitAsync(fleet, Canary50);
        var grown = await UntilAsync(fleet, static map => map?.Counts.Values.All(static count => count == 512) == true);
        await TestContext.Out.WriteLineAsync($"a step of a canary is in Kamailio {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms after it was written");
        Assert.That(Structural(fleet), Is.EqualTo(Changes));
        var canary = map.Counts.Single(static count => count.Value == 51).Key;
        Assert.That(Enumerable.Range(0, ShareMap.Slots).Where(slot => map[slot] == canary).All(slot => grown![slot] == canary), "who was on the canary stays there");

        await fleet.Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(fleet.Keys.Split(1)) });
        await UntilAsync(fleet, static map => map is null);
        list = await fleet.Kamailio.ListAsync();
        Assert.That(list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A'), Is.EqualTo(10));
        await fleet.WaitForListAsync(static list => !list.Any(static entry => ClassSets.Has(entry.Set)));
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    [Test]
    public async Task Shares_stay_over_restarts_of_the_dispatcher_and_of_Kamailio_also_without_etcd()
    {
        await using var fleet = await Fleet.StartAsync();
        await AnnounceAsync(fleet, "v1", 1, 3);
        await AnnounceAsync(fleet, "v2", 9, 1);
        await SplitAsync(fleet, Canary5);
        await UntilAsync(fleet, static map => map?.Counts.Values.Contains(51) == true && map.CountOf(0) == 0);

        fleet.Dispatcher.Signal(UnixSignals.Terminate);
        await fleet.Dispatcher.Exited.WaitAsync(Fleet.Deadline);
        await fleet.Etcd.StopAsync();
        await fleet.Kamailio.StopAsync();
        await fleet.Kamailio.StartAgainAsync();
        Assert.That(await ListedMap.OfAsync(fleet.Kamailio), Is.Null);
        fleet.StartDispatcher();

        var map = await UntilAsync(fleet, static map => map?.Counts.Values.Contains(51) == true && map.CountOf(0) == 0);
        Assert.That(map!.Counts.Values.Order(), Is.EqualTo(new[] { 51, 973 }));
    }

    [Test]
    public async Task Weights_are_shares_whatever_the_algorithm_and_a_new_weight_takes_nobody_out_of_the_home_set()
    {
        await using var fleet = await Fleet.StartAsync();
        for (var host = 1; host <= 4; host++)
        {
            await fleet.PutUriAsync($"1/m{host}", Uri(host));
        }

        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 4);
        await fleet.ReportedAsync(4);
        Assert.That(await ListedMap.OfAsync(fleet.Kamailio), Is.Null, "who has no weight has the same as everybody");

        await fleet.Store.Keys.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(fleet.Keys.Intent(new MemberKey(1, "m4"))), Value = ByteString.CopyFromUtf8("""{"weight":10,"by":"ops@host"}""") });
        var map = await UntilAsync(fleet, static map => map is not null && map.CountOf(0) == 0);
        Assert.That(map!.Counts.Values.Order(), Is.EqualTo(new[] { 33, 991 }), "10 of 310, of 1,024 slots");
        Assert.That((await fleet.Kamailio.ListAsync()).Where(static entry => entry.Set == 1).Select(static entry => entry.Flags), Is.All.StartsWith("A"));
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("Set 1: removed").And.Not.Contain("Set 1: replaced"));

        await fleet.Store.Keys.DeleteRangeAsync(new DeleteRangeRequest { Key = ByteString.CopyFromUtf8(fleet.Keys.Intent(new MemberKey(1, "m4"))) });
        await UntilAsync(fleet, static map => map is null);
    }

    [Test]
    public async Task Of_two_boxes_that_announce_25_and_nothing_the_second_has_75_per_cent_and_less_when_a_third_announces_some()
    {
        await using var fleet = await Fleet.StartAsync(null, "--share", "percent");
        await fleet.PutAsync("1/m1", $$"""{"uri":"{{Uri(1)}}","weight":25}""");
        await fleet.PutUriAsync("1/m2", Uri(2));
        var map = await UntilAsync(fleet, static map => map?.Counts.Count == 2 && map.CountOf(0) == 0);
        Assert.That(map!.Counts.Values.Order(), Is.EqualTo(new[] { 256, 768 }));

        await fleet.PutAsync("1/m3", $$"""{"uri":"{{Uri(3)}}","weight":15}""");
        map = await UntilAsync(fleet, static map => map?.Counts.Count == 3 && map.CountOf(0) == 0);
        Assert.That(map!.Counts.Values.Order(), Is.EqualTo(new[] { 154, 256, 614 }), "15, 25, and the rest");
    }

    [Test]
    public async Task The_idle_side_gets_no_calls_and_switching_back_and_forth_changes_states_and_the_map_only()
    {
        await using var fleet = await Fleet.StartAsync();
        await AnnounceAsync(fleet, "blue", 1, 3);
        await AnnounceAsync(fleet, "green", 9, 3);
        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 6);
        await fleet.ReportedAsync(6);
        await SplitAsync(fleet, """{"label":"version","shares":{"blue":100,"green":0}}""");
        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'D') == 3 && list.Count(static entry => ClassSets.Has(entry.Set)) == 6);
        var map = await UntilAsync(fleet, static map => map?.Counts.Values.Contains(ShareMap.Slots) == true && map.CountOf(0) == 0);

        const int Changes = 12; // All six, in the set and in their classes.
        AreLogged(fleet, Changes);
        await SplitAsync(fleet, """{"label":"version","shares":{"blue":0,"green":100}}""");
        var green = await UntilAsync(fleet, other => other is not null && !other.Equals(map) && other.CountOf(0) == 0);
        await fleet.WaitForListAsync(static list => list.Where(static entry => entry.Set == 1).All(static entry => (entry.Flags[0] == 'A') == entry.Uri is not ("sip:127.0.63.1:5060" or "sip:127.0.63.2:5060" or "sip:127.0.63.3:5060")));
        Assert.That(green!.Counts.Single().Value, Is.EqualTo(ShareMap.Slots));
        Assert.That(Structural(fleet), Is.EqualTo(Changes));
    }

    [Test]
    public async Task Another_label_is_one_change_of_the_map_and_before_it_calls_are_shared_as_they_were()
    {
        await using var fleet = await Fleet.StartAsync();
        for (var host = 1; host <= 4; host++)
        {
            await fleet.PutAsync($"1/m{host}", $$$"""{"uri":"{{{Uri(host)}}}","labels":{"version":"v{{{(host < 4 ? 1 : 2)}}}","colour":"{{{(host % 2 == 0 ? "blue" : "green")}}}"}}""");
        }

        await SplitAsync(fleet, Canary5);
        var before = await UntilAsync(fleet, static map => map?.Counts.Count == 2 && map.CountOf(0) == 0);

        await SplitAsync(fleet, """{"label":"colour","shares":{"blue":100,"green":0}}""");
        var seen = new HashSet<string>();
        await UntilAsync(fleet, map =>
        {
            seen.Add(map?.Text ?? "none");
            return map?.CountOf(0) == 0 && map.Counts.Count == 1;
        });

        seen.Remove(before!.Text);
        Assert.That(seen, Has.Count.EqualTo(1), "the new one, at once");
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("not shared any more"));
        await fleet.WaitForListAsync(static list => list.Count(static entry => ClassSets.Has(entry.Set) && entry.Flags[0] == 'A') == 4);
        Assert.That((await fleet.Kamailio.ListAsync()).Where(static entry => entry.Set == 1 && entry.Flags[0] == 'A').Select(static entry => entry.Uri), Is.EquivalentTo(new[] { Uri(2), Uri(4) }));
    }

    private static string Uri(int host) => $"sip:127.0.63.{host}:5060";

    private static async Task AnnounceAsync(Fleet fleet, string version, int first, int count)
    {
        for (var host = first; host < first + count; host++)
        {
            await fleet.PutAsync($"1/m{host}", $$$"""{"uri":"{{{Uri(host)}}}","labels":{"version":"{{{version}}}"}}""");
        }
    }

    private static async Task SplitAsync(Fleet fleet, string split) =>
        await fleet.Store.Keys.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(fleet.Keys.Split(1)), Value = ByteString.CopyFromUtf8(split) });
}
