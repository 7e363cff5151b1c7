using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Push.Grace;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

/// <summary>Where a process is never seen at rest.</summary>
[Parallelizable]
public class GraceOverloadTests
{
    private const double WorkersRate = 50;
    private const double StuckResolver = 2;

    [Test]
    public async Task Where_nothing_is_proved_a_long_gap_takes_over_if_everybody_has_moved()
    {
        var rig = Overloaded(static _ => WorkersRate);

        var waited = await rig.WaitItOutAsync(TimeSpan.FromMinutes(2));

        Assert.Multiple(() =>
        {
            Assert.That(waited, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(30)).And.LessThan(TimeSpan.FromSeconds(50)));
            Assert.That(rig.Grace.Mode, Is.EqualTo("gap of 30s under overload"));
            Assert.That(rig.Log.Of(2102), Has.Count.EqualTo(1));
            Assert.That(rig.Log.Of(2103), Has.One.Contains("udp receiver child=0 sock=127.0.0.1:5060 (PID 2)"));
            Assert.That(rig.Log.Of(2104), Is.Empty);
            Assert.That(rig.Figures.Read("observed").LongGaps, Is.EqualTo(1));
            Assert.That(rig.Grace.State.OverdueSince, Is.Null);
        });
    }

    [Test]
    public async Task While_it_is_overdue_the_state_names_who_has_not_rested()
    {
        var rig = Overloaded(static _ => WorkersRate);
        Assert.That(await rig.PassAsync(rig.Wait()), Is.False);

        var state = rig.Grace.State;
        Assert.Multiple(() =>
        {
            Assert.That(state.Mode, Is.EqualTo("observed (rig)"));
            Assert.That(state.OverdueSince, Is.EqualTo(rig.Clock.GetUtcNow()).Within(TimeSpan.FromSeconds(1)));
            Assert.That(state.Unseen, Is.EqualTo(new[] { "udp receiver child=0 sock=127.0.0.1:5060 (PID 2)" }));
            Assert.That(state.UnseenCount, Is.EqualTo(1));
            Assert.That(rig.Log.Of(2102), Has.One.Contains("(PID 2)"));
        });

        rig.Sees = static _ => ProcessActivity.AtRest;
        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Grace.State, Is.EqualTo(new GraceState("observed (rig)")));
        Assert.That(rig.Log.Of(2105), Has.Count.EqualTo(1));
    }

    [TestCase(500, 0)]
    [TestCase(2_000, 1)]
    public async Task Who_was_long_waited_for_is_told(int milliseconds, int lines)
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker);
        var rests = rig.Clock.GetUtcNow().AddMilliseconds(milliseconds);
        rig.Sees = process => process == GraceRig.Worker && rig.Clock.GetUtcNow() < rests ? ProcessActivity.Busy : ProcessActivity.AtRest;
        rig.Grace.Begin();

        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Log.Of(2106), Has.Count.EqualTo(lines).And.All.Contains("udp receiver child=0 sock=127.0.0.1:5060 (PID 2)"));
    }

    [TestCase(0.0, TestName = "One that is frozen keeps the change pending, loudly, and is named")]
    [TestCase(StuckResolver, TestName = "One that a silent name server keeps inside keeps the change pending, loudly, and is named")]
    public async Task One_that_has_not_moved_keeps_the_change_pending(double switchesPerSecond)
    {
        var rig = Overloaded(pid => pid == GraceRig.Worker.Pid ? switchesPerSecond : WorkersRate);

        Assert.That(await rig.WaitItOutAsync(TimeSpan.FromMinutes(4), stepMilliseconds: 250), Is.EqualTo(TimeSpan.MaxValue));
        Assert.Multiple(() =>
        {
            Assert.That(rig.Log.Of(2104), Has.Count.InRange(3, 5).And.All.Contains("udp receiver child=0 sock=127.0.0.1:5060 (PID 2)"));
            Assert.That(rig.Log.Of(2103), Is.Empty);
            Assert.That(rig.Grace.State.Stuck, Is.EqualTo(new[] { "udp receiver child=0 sock=127.0.0.1:5060 (PID 2)" }));
        });

        // It goes on, and has soon been through its main loop.
        rig.SwitchesPerSecond = static _ => 100_000;
        Assert.That(await rig.WaitItOutAsync(TimeSpan.FromMinutes(1)), Is.LessThan(TimeSpan.FromSeconds(20)));
        Assert.That(rig.Grace.State.Stuck, Is.Empty);
    }

    [Test]
    public async Task A_timer_of_the_core_is_waited_for_however_much_it_moves()
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Timer) { Sees = static process => process == GraceRig.Timer ? ProcessActivity.Busy : ProcessActivity.AtRest, SwitchesPerSecond = static _ => WorkersRate };
        rig.Grace.Begin();

        Assert.That(await rig.WaitItOutAsync(TimeSpan.FromMinutes(1), stepMilliseconds: 250), Is.EqualTo(TimeSpan.MaxValue));
        Assert.That(rig.Log.Of(2104), Has.Some.Contains("slow timer (PID 4)"));
    }

    [TestCase(0.0, true, TestName = "An unknown process that never wakes up keeps the change pending and is named")]
    [TestCase(0.5, false, TestName = "An unknown process that wakes up now and then is given the long gap")]
    public async Task An_unknown_process_that_never_rests(double switchesPerSecond, bool isPending)
    {
        var unknown = new KamailioProcess(5, "SOME MODULE");
        var rig = new GraceRig(GraceRig.Main, unknown) { Sees = process => process == unknown ? ProcessActivity.Busy : ProcessActivity.AtRest, SwitchesPerSecond = _ => switchesPerSecond };
        rig.Grace.Begin();

        Assert.That(await rig.WaitItOutAsync(TimeSpan.FromMinutes(1), stepMilliseconds: 250), isPending ? Is.EqualTo(TimeSpan.MaxValue) : Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(30)).And.LessThan(TimeSpan.FromSeconds(60)));
        Assert.That(rig.Log.Of(isPending ? 2104 : 2103), Has.Some.Contains("SOME MODULE (PID 5)"));
    }

    [Test]
    public async Task Waits_that_are_always_interrupted_come_to_the_long_gap_too()
    {
        var rig = Overloaded(static _ => WorkersRate);
        var (begun, isOver) = (rig.Clock.GetUtcNow(), false);
        while (!isOver && rig.Clock.GetUtcNow() - begun < TimeSpan.FromMinutes(1))
        {
            using var interrupted = new CancellationTokenSource();
            var wait = rig.Wait(interrupted.Token);
            var until = rig.Clock.GetUtcNow() + TimeSpan.FromMilliseconds(500);
            await rig.PassAsync(() => wait.IsCompleted || rig.Clock.GetUtcNow() >= until);
            await interrupted.CancelAsync();
            await ((Task)wait).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            isOver = wait.IsCompletedSuccessfully && wait.Result;
        }

        Assert.That(isOver);
        Assert.That(rig.Clock.GetUtcNow() - begun, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(30)));
        Assert.That(rig.Log.Of(2102), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_change_of_long_ago_is_watched_for_three_waits_all_the_same()
    {
        var rig = Overloaded(static _ => WorkersRate);
        rig.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(await rig.WaitItOutAsync(TimeSpan.FromMinutes(2)), Is.InRange(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(60)));
    }

    [Test]
    public async Task Somebody_who_keeps_on_reloading_does_not_hide_that_nothing_is_proved()
    {
        var rig = Overloaded(static _ => WorkersRate);
        var wait = rig.Wait();
        for (var reload = 0; reload < 3; reload++)
        {
            var until = rig.Clock.GetUtcNow() + TimeSpan.FromSeconds(3.4);
            await rig.PassAsync(() => rig.Clock.GetUtcNow() >= until);
            rig.Grace.Begin();
        }

        Assert.That(rig.Grace.State.OverdueSince, Is.Not.Null);
        rig.Sees = static _ => ProcessActivity.AtRest;
        await rig.PassAsync(wait);
    }

    [Test]
    public async Task After_the_overload_the_mode_is_the_usual_one_again()
    {
        var rig = Overloaded(static _ => WorkersRate);
        await rig.WaitItOutAsync(TimeSpan.FromMinutes(2));
        rig.Sees = static _ => ProcessActivity.AtRest;
        rig.Grace.Begin();

        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Grace.Mode, Is.EqualTo("observed (rig)"));
    }

    [Test]
    public async Task Looks_long_apart_are_no_long_wait()
    {
        // Interrupted at once, and the next change is due after minutes: nobody has been busy for all that time.
        var rig = Overloaded(static _ => 0);
        for (var look = 0; look < 3; look++)
        {
            using var interrupted = new CancellationTokenSource();
            var wait = rig.Wait(interrupted.Token);
            var looks = rig.Looks;
            await rig.PassAsync(() => rig.Looks > looks, stepMilliseconds: 1);
            await interrupted.CancelAsync();
            await ((Task)wait).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            rig.Clock.Advance(TimeSpan.FromMinutes(2));
        }

        Assert.That(rig.Log.Of(2102).Concat(rig.Log.Of(2104)), Is.Empty);
    }

    [Test]
    public async Task A_change_that_nobody_wants_any_more_is_not_overdue_for_ever()
    {
        var rig = Overloaded(static _ => WorkersRate);
        Assert.That(await rig.PassAsync(rig.Wait()), Is.False);
        Assert.That(rig.Grace.State.OverdueSince, Is.Not.Null);

        rig.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.That(rig.Grace.State.OverdueSince, Is.Null);
    }

    [Test]
    public async Task Who_did_not_rest_and_then_hides_is_owed_the_long_gap()
    {
        var rig = Overloaded(static _ => 0);
        Assert.That(await rig.PassAsync(rig.Wait()), Is.False);
        rig.Stranger = static () => "procfs hides Kamailio's processes (hidepid)";
        rig.Sees = static _ => ProcessActivity.Hidden;
        var begun = rig.Clock.GetUtcNow();

        Assert.That(await rig.PassAsync(rig.Wait()));
        Assert.That(rig.Clock.GetUtcNow() - begun, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(30)));
    }

    /// <summary>One worker is never seen at rest, and a change was just made.</summary>
    private static GraceRig Overloaded(Func<int, double> switchesPerSecond)
    {
        var rig = new GraceRig(GraceRig.Main, GraceRig.Worker, GraceRig.Timer)
        {
            Sees = static process => process == GraceRig.Worker ? ProcessActivity.Busy : ProcessActivity.AtRest,
            SwitchesPerSecond = switchesPerSecond,
        };
        rig.Grace.Begin();
        return rig;
    }
}
