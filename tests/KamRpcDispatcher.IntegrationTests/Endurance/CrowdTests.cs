using System.Diagnostics;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>More destinations than the default transport can tell of, with default options: the dispatcher is never blind.</summary>
public class CrowdTests
{
    private const int JoinsAndLeaves = 1250;
    private const int AtOnce = 500;
    private const int Members = 1500;

    /// <summary>What the dispatcher says when it cannot read the list.</summary>
    private const string Blind = "name it with --kamailio-read";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan JoiningAndLeaving = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Joining = TimeSpan.FromSeconds(15);

    [Test]
    public async Task A_thousand_members_that_come_and_go_while_nothing_is_removed_yet_are_followed_all_along()
    {
        await using var crowd = await Crowd.StartAsync();
        using var stop = new CancellationTokenSource();
        var watching = crowd.WatchAsync(stop.Token);
        await PaceAsync(JoinsAndLeaves, JoiningAndLeaving, async number =>
        {
            await crowd.JoinAsync(number);
            if (number >= AtOnce)
            {
                await crowd.LeaveAsync(number - AtOnce);
            }
        });

        var late = await crowd.ConvergeAsync(Soon);
        await stop.CancelAsync();
        var (wrong, looks) = await watching;
        await TestContext.Out.WriteLineAsync($"{JoinsAndLeaves} joins, {JoinsAndLeaves - AtOnce} leaves in {JoiningAndLeaving.TotalSeconds} s: {looks} looks, list right {late.TotalMilliseconds:0} ms after the last; {(await crowd.ListAsync()).Count} destinations for {crowd.Count} members");
        Assert.Multiple(() =>
        {
            Assert.That(wrong, Is.Empty, $"everybody is in and out within {Crowd.MostLate.TotalSeconds} s, all the time\n{crowd.Troubles()}");
            Assert.That(looks, Is.GreaterThan(10));
            Assert.That(crowd.Fleet.Dispatcher.Output, Does.Not.Contain(Blind));
            Assert.That(crowd.Fleet.Kamailio.CrashedBySignal, Is.Null);
        });
    }

    [Test]
    public async Task Fifteen_hundred_members_are_all_there_and_one_that_leaves_is_out_at_once()
    {
        await using var crowd = await Crowd.StartAsync();
        await PaceAsync(Members, Joining, crowd.JoinAsync);
        var whole = await crowd.ConvergeAsync(Soon);

        await crowd.LeaveAsync(0);
        await crowd.LeaveAsync(Members - 1);
        var left = await crowd.ConvergeAsync(Soon);
        await TestContext.Out.WriteLineAsync($"{Members} members in {Joining.TotalSeconds} s: list right {whole.TotalMilliseconds:0} ms after the last, two leaves seen after {left.TotalMilliseconds:0} ms");
        Assert.That(crowd.Fleet.Dispatcher.Output, Does.Not.Contain(Blind));
        Assert.That(crowd.Fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    /// <summary>Spreads the steps over the time; on a machine that is too slow they take longer.</summary>
    private static async Task PaceAsync(int steps, TimeSpan time, Func<int, Task> step)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var number = 0; number < steps; number++)
        {
            if (time * number / steps - Stopwatch.GetElapsedTime(begun) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            await step(number);
        }
    }
}
