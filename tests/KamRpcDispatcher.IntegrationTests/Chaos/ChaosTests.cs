using System.Diagnostics;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>Everything goes wrong, under calls; afterwards Kamailio's list is what etcd says, and no call has been lost.</summary>
public class ChaosTests
{
    private static int CallsPerSecond => ChaosSettings.IsLong ? 300 : 60;

    /// <summary>One deck at least.</summary>
    private static TimeSpan Time => ChaosSettings.IsLong ? ChaosSettings.LongTime : TimeSpan.Zero;

    [Test]
    public async Task Whatever_goes_wrong_the_list_equals_etcd_within_three_seconds_and_no_call_fails()
    {
        var seed = ChaosSettings.AnnouncedSeed();
        await using var fleet = await ChaosFleet.StartAsync(seed, CallsPerSecond);
        var random = new Random(seed);
        var deck = new Deck(random);
        var memory = new MemoryWatch(fleet);
        var order = await fleet.Checks.OrderAsync();
        await memory.LookAsync();
        var begun = Stopwatch.GetTimestamp();
        for (var number = 1; number == 1 || !deck.IsEmpty || Stopwatch.GetElapsedTime(begun) < Time; number++)
        {
            if (deck.IsEmpty)
            {
                deck.Shuffle();
            }

            await new ChaosRound(fleet, deck.Deal(), random, CallsPerSecond).RunAsync(number);
            Assert.That(await fleet.Checks.OrderAsync(), Is.EqualTo(order), "each in its place");
            await memory.LookAsync();
        }
    }
}
