using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What the first structural change costs, and what later ones do.</summary>
public class FirstChangeTests
{
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(150);

    /// <summary>Not of the time until the member is there: most of that is code which runs for the first time, whatever it does.</summary>
    [Test]
    public async Task The_processes_are_looked_at_when_Kamailio_is_reached_and_not_at_the_first_change()
    {
        await using var fleet = await Fleet.StartAsync();
        Assert.That(fleet.Dispatcher.Output, Does.Contain("[2100]"), "before anything is changed");
        for (var i = 1; i <= 8; i++)
        {
            await Task.Delay(BetweenSamples);
            var uri = $"sip:127.0.1.{i}:5060";
            var put = await fleet.PutUriAsync($"1/m{i}", uri);
            var listed = await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, uri));
            await TestContext.Out.WriteLineAsync($"change {i}: {Stopwatch.GetElapsedTime(put, listed).TotalMilliseconds:0.0} ms from etcd's answer to routable");
        }
    }
}
