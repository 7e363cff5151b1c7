using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;
using static KamRpcDispatcher.IntegrationTests.Shares.FleetShares;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>A newcomer grows in a real Kamailio's map from a tenth of its share to the whole, and leaves nothing behind.</summary>
[Parallelizable]
public sealed class SlowStartTests
{
    [Test]
    public async Task A_newcomer_begins_with_a_tenth_of_its_share_and_ends_without_a_map()
    {
        await using var fleet = await Fleet.StartAsync();
        for (var host = 1; host <= 4; host++)
        {
            await fleet.PutAsync($"1/m{host}", Record(host));
        }

        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A') == 4);
        Assert.That(await MapAsync(fleet), Is.Null, "all were new");

        // Older than a slow start takes: now the next one is the only new one.
        await Task.Delay(TimeSpan.FromSeconds(Seconds));
        await fleet.PutAsync("1/m5", Record(5));
        ShareMap? map;
        do
        {
            // The list first: whoever stands there is to have a map already.
            var list = await fleet.Kamailio.ListAsync();
            map = await MapAsync(fleet);
            Assert.That(map?.CountOf(0) == 0 || !list.Any(static entry => entry.Set == 1 && entry.Uri == Uri(5) && entry.Flags[0] == 'A'), "its whole share through the home set");
        }
        while (map is null || map.CountOf(0) > 0 || map.Counts.Count < 2);
        Assert.That(map.Counts.Values.Order(), Is.EqualTo(new[] { 25, 999 }), "1 of 41");
        var newcomer = map.Counts.Single(static count => count.Value == 25).Key;
        await fleet.WaitForListAsync(static list => list.Any(static entry => entry.Set == 1 && entry.Uri == Uri(5) && entry.Flags[0] == 'A'));
        Assert.That((await fleet.Kamailio.ListAsync()).Where(entry => entry.Set == ShareMap.FirstSet + newcomer).Select(static entry => entry.Uri), Is.EqualTo(new[] { Uri(5) }));

        List<int> steps = [];
        await UntilAsync(fleet, other =>
        {
            if (other is not null && (steps.Count == 0 || steps[^1] != other.CountOf(newcomer)))
            {
                steps.Add(other.CountOf(newcomer));
            }

            return other is null;
        });
        Assert.That(steps, Is.Ordered.And.Count.InRange(4, 9), "no more than ten maps, and one that is none any more");
        Assert.That(steps[^1], Is.InRange(167, 188), "8 or 9 of 10");

        await fleet.WaitForListAsync(static list => !list.Any(static entry => ClassSets.Has(entry.Set)));
        Assert.That((await fleet.Kamailio.ListAsync()).Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A'), Is.EqualTo(5));
        const int Changes = 15; // Five in the set, and five in classes, there and back.
        AreLogged(fleet, Changes);
        Assert.That(fleet.Dispatcher.Output, Does.Contain("Set 1: m5 starts slowly").And.Contain("Set 1: the slow start of m5 is over"));
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    private const int Seconds = 8;

    private static string Uri(int host) => $"sip:127.0.63.{host}:5060";

    private static string Record(int host) => $$"""{"uri":"{{Uri(host)}}","slowStart":{{Seconds}}}""";
}
