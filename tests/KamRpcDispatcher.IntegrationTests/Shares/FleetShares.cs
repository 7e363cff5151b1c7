using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>What the Kamailio of a fleet has of shares, and what its dispatcher has changed.</summary>
internal static class FleetShares
{
    /// <summary>The map of set 1; null for none.</summary>
    public static Task<ShareMap?> MapAsync(Fleet fleet) => ListedMap.OfAsync(fleet.Kamailio);

    public static async Task<ShareMap?> UntilAsync(Fleet fleet, Func<ShareMap?, bool> condition)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var map = await MapAsync(fleet);
            if (condition(map))
            {
                return map;
            }

            if (Stopwatch.GetElapsedTime(begun) > Fleet.Deadline)
            {
                throw new TimeoutException($"The map is {map?.ToString() ?? "none"}\n{string.Join('\n', await fleet.Kamailio.ListAsync())}\n{fleet.Dispatcher.Output}");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>Each is logged a moment after it stands in the list.</summary>
    public static void AreLogged(Fleet fleet, int changes) => Assert.That(() => Structural(fleet), Is.EqualTo(changes).After((int)Fleet.Deadline.TotalMilliseconds, 10));

    /// <summary>How many destinations the dispatcher has added and removed.</summary>
    public static int Structural(Fleet fleet) =>
        fleet.Dispatcher.Output.Split('\n').Count(static line => line.Contains(": added ", StringComparison.Ordinal) || line.Contains(": removed ", StringComparison.Ordinal));
}
