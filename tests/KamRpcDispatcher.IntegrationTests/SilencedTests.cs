using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Whoever leaves waits for its own silence, not for what else is to be done.</summary>
[Parallelizable]
public class SilencedTests
{
    private const string Gap = "8s";

    [Test]
    public async Task An_announcer_whose_member_is_silent_is_acknowledged_although_adds_are_pending()
    {
        await using var fleet = await Fleet.StartAsync(null, "--grace", "fixed", "--gap", Gap);
        await fleet.AnnounceAsync("a", "sip:127.0.0.1:7001");
        var leaving = await fleet.AnnounceAsync("b", "sip:127.0.0.1:7002", "--ack-timeout", "10s");
        await fleet.WaitForListAsync(static list => list.Count == 2);
        foreach (var number in Enumerable.Range(1, 5))
        {
            await fleet.PutUriAsync($"1/pending-{number}", $"sip:127.0.0.2:70{number:00}");
        }

        // The first add is made, and the next ones wait.
        await fleet.WaitForListAsync(static list => list.Count == 3);
        leaving.Signal(UnixSignals.Terminate);

        await leaving.WaitForLineAsync("Every live proxy (1) has stopped sending calls", TimeSpan.FromSeconds(5));
        Assert.That((await fleet.Kamailio.ListAsync()).Count, Is.LessThan(7), "adds are pending");
    }
}
