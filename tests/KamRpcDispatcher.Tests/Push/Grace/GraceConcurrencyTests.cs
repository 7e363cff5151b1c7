using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Changes and waits that overlap.</summary>
public class GraceConcurrencyTests
{
    [Test]
    public async Task A_wait_that_began_before_a_later_change_does_not_declare_its_period_over()
    {
        var resting = GraceRig.Worker;
        var rig = new GraceRig(GraceRig.Worker, GraceRig.Other);
        rig.Sees = process => process == resting ? ProcessActivity.AtRest : ProcessActivity.Busy;
        rig.Grace.Begin();
        var wait = rig.Wait();
        await rig.PassAsync(() => rig.Looks > 10);

        // The first was seen at rest before this change, the second is after it.
        rig.Grace.Begin();
        resting = GraceRig.Other;
        var looks = rig.Looks;
        await rig.PassAsync(() => rig.Looks > looks + 10, stepMilliseconds: 5);
        Assert.That(wait.IsCompleted, Is.False);

        resting = GraceRig.Worker;
        Assert.That(await rig.PassAsync(wait));
    }

    [Test]
    public async Task A_change_in_the_very_moment_of_the_end_is_waited_for()
    {
        var rig = new GraceRig(GraceRig.Main);
        var changes = 0;
        rig.Sees = _ =>
        {
            // While the last one is being seen at rest.
            if (changes++ < 5)
            {
                rig.Grace.Begin();
            }

            return ProcessActivity.AtRest;
        };
        rig.Grace.Begin();

        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Looks, Is.EqualTo(6), "once for each change");
    }

    [Test]
    public async Task Two_waits_at_once_look_one_after_the_other_and_both_end()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker, GraceRig.Other);
        for (var period = 0; period < 100; period++)
        {
            var left = 20;
            rig.Sees = _ => Interlocked.Decrement(ref left) > 0 ? ProcessActivity.Busy : ProcessActivity.AtRest;
            rig.Grace.Begin();
            var waits = Task.WhenAll(rig.Wait(), rig.Wait(), rig.Wait());
            Assert.That(await rig.PassAsync(waits, stepMilliseconds: 5), Is.All.True);
        }

        Assert.That(rig.IsTorn, Is.False);
        Assert.That(rig.Figures.Read("observed").Count, Is.EqualTo(100));
    }

    [Test]
    public async Task A_wait_that_is_given_up_leaves_the_turn_to_the_next()
    {
        var rig = new GraceRig(GraceRig.Main) { Sees = static _ => ProcessActivity.Busy };
        rig.Grace.Begin();
        using var cancellation = new CancellationTokenSource();
        var (first, second) = (rig.Wait(cancellation.Token), rig.Wait());
        await rig.PassAsync(() => rig.Looks > 5, stepMilliseconds: 5);
        await cancellation.CancelAsync();
        await Assert.ThatAsync(() => rig.PassAsync(first, stepMilliseconds: 5), Throws.InstanceOf<OperationCanceledException>());

        rig.Sees = static _ => ProcessActivity.AtRest;
        Assert.That(await rig.PassAsync(second));
    }

    [Test]
    public async Task A_fixed_gap_counts_from_the_last_change_also_for_whom_waits_already()
    {
        var clock = new FakeTimeProvider();
        var gap = new FixedGap(TimeSpan.FromSeconds(1), clock);
        gap.Begin();
        var wait = gap.WaitAsync(CancellationToken.None).AsTask();
        clock.Advance(TimeSpan.FromMilliseconds(900));
        gap.Begin();
        clock.Advance(TimeSpan.FromMilliseconds(900));
        await Task.Delay(20);
        Assert.That(wait.IsCompleted, Is.False);

        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!wait.IsCompleted && System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10))
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1);
        }

        Assert.That(wait.IsCompletedSuccessfully && wait.Result);
    }
}
