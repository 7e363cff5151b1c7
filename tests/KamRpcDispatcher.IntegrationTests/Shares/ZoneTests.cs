using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;
using static KamRpcDispatcher.IntegrationTests.Shares.FleetShares;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>A proxy's own zone serves alone in a real Kamailio, fails over to the others, and comes back, by maps alone.</summary>
[Parallelizable]
public sealed class ZoneTests
{
    [Test]
    public async Task A_zone_fails_over_and_back_without_a_structural_change()
    {
        await using var fleet = await Fleet.StartAsync(null, "--zone", "a");
        for (var host = 1; host <= 4; host++)
        {
            await PutAsync(fleet, host);
        }

        var own = await UntilAsync(fleet, static map => map?.CountOf(0) == 0 && map.Counts.Count == 1);
        var number = own!.Counts.Single().Key;
        Assert.That((await fleet.Kamailio.ListAsync()).Where(entry => entry.Set == ShareMap.FirstSet + number).Select(static entry => entry.Uri), Is.EquivalentTo(new[] { Uri(1), Uri(2) }));
        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Flags[0] == 'A') == Changes);
        AreLogged(fleet, Changes);

        await PutAsync(fleet, 1, "down");
        await fleet.WaitForListAsync(static list => list.Count(static entry => entry.Uri == Uri(1) && entry.Flags[0] == 'D') == 2);
        Assert.That(await MapAsync(fleet), Is.EqualTo(own), "half of the zone is enough");

        await PutAsync(fleet, 2, "down");
        var others = await UntilAsync(fleet, map => map?.CountOf(0) == 0 && map.CountOf(number) == 0);
        Assert.That(others!.Counts.Count, Is.EqualTo(1));
        await fleet.Dispatcher.WaitForLineAsync("calls go to members of other zones too", Fleet.Deadline);

        await PutAsync(fleet, 2);
        await UntilAsync(fleet, map => map is not null && map.Equals(own));
        Assert.That((await fleet.Kamailio.ListAsync()).Count(static entry => entry.Set == 1 && entry.Flags[0] == 'A'), Is.EqualTo(3), "the others are there for those who fail over");
        Assert.That(Structural(fleet), Is.EqualTo(Changes));
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    /// <summary>All four, in the set and in their classes.</summary>
    private const int Changes = 8;

    private static string Uri(int host) => $"sip:127.0.63.{host}:5060";

    private static Task<long> PutAsync(Fleet fleet, int host, string state = "ready") =>
        fleet.PutAsync($"1/m{host}", $$$"""{"uri":"{{{Uri(host)}}}","state":"{{{state}}}","labels":{"zone":"{{{(host <= 2 ? 'a' : 'b')}}}"}}""");
}
