using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Operate.Rollouts.CanaryRollout;

namespace KamRpcDispatcher.Tests.Operate.Rollouts;

/// <summary>What becomes of a rollout by what happens.</summary>
public sealed class RolloutMachineTests
{
    private const string Refused = "-";

    /// <summary>Each event in each phase, at a step in the middle: the phase after it, and the step.</summary>
    [TestCase(RolloutEvent.GatePassed, "running 3", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.GateFailed, "running 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.GateUndecided, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.GateBroken, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.NotApplied, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.Blocked, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.SplitChanged, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.Interrupted, "paused 2", "paused 2", Refused, Refused)]
    [TestCase(RolloutEvent.Pause, "paused 2", Refused, Refused, Refused)]
    [TestCase(RolloutEvent.Resume, "running 2", "running 2", Refused, Refused)]
    [TestCase(RolloutEvent.Promote, "running 3", "running 3", Refused, Refused)]
    [TestCase(RolloutEvent.PromoteFull, "done 4", "done 4", Refused, Refused)]
    [TestCase(RolloutEvent.Abort, "aborted 2", "aborted 2", Refused, Refused)]
    [TestCase(RolloutEvent.Undo, Refused, Refused, "undone 2", Refused)]
    public void Each_event_does_one_thing_in_each_phase(RolloutEvent what, string running, string paused, string done, string ended)
    {
        foreach (var phase in Enum.GetValues<RolloutPhase>())
        {
            var expected = phase switch { RolloutPhase.Running => running, RolloutPhase.Paused => paused, RolloutPhase.Done => done, _ => ended };
            var next = RolloutMachine.Next(Of(phase), what, "said", Views.Now.AddMinutes(1), out var error);

            Assert.That(next is null ? Refused : FormattableString.Invariant($"{RolloutText.Of(next.Phase)} {next.Step + 1}"), Is.EqualTo(expected), $"{what} in {phase}");
            Assert.That(error is null, Is.EqualTo(next is not null));
            if (next is not null)
            {
                Assert.That((next.Since, next.Message), Is.EqualTo((Views.Now.AddMinutes(1), "said")));
            }
        }
    }

    [Test]
    public void Every_event_has_its_row() =>
        Assert.That(
            typeof(RolloutMachineTests).GetMethod(nameof(Each_event_does_one_thing_in_each_phase))!.GetCustomAttributes(typeof(TestCaseAttribute), false).Cast<TestCaseAttribute>().Select(static row => row.Arguments[0]),
            Is.EquivalentTo(Enum.GetValues<RolloutEvent>()));

    [Test]
    public void After_the_last_step_it_is_done_and_keeps_its_shares()
    {
        var done = Next(Of(step: 3), RolloutEvent.GatePassed);

        Assert.That((done.Phase, done.Step), Is.EqualTo((RolloutPhase.Done, 3)));
        Assert.That(done.Wished, Is.EqualTo(Shares(("v1", 0), ("v2", 1000))));
    }

    [Test]
    public void The_gate_has_to_say_no_twice_in_a_row_and_then_the_shares_before_come_back_in_one_step()
    {
        var once = Next(Of(), RolloutEvent.GateFailed);
        Assert.That((once.Phase, once.Failed), Is.EqualTo((RolloutPhase.Running, 1)));
        Assert.That(Next(Next(once, RolloutEvent.GatePassed), RolloutEvent.GateFailed).Phase, Is.EqualTo(RolloutPhase.Running), "a yes between them counts");

        var twice = Next(once, RolloutEvent.GateFailed);

        Assert.That(twice.Phase, Is.EqualTo(RolloutPhase.Failed));
        Assert.That(twice.Wished, Is.EqualTo(Of().Before));
    }

    [Test]
    public void Who_goes_on_after_a_pause_begins_to_count_the_gates_noes_anew()
    {
        var paused = Next(Next(Of(), RolloutEvent.GateFailed), RolloutEvent.Pause);

        Assert.That(Next(paused, RolloutEvent.Resume).Failed, Is.Zero);
    }

    [Test]
    public void All_now_is_all_also_where_the_steps_end_earlier()
    {
        var whole = Next(Of() with { Steps = [50, 250] }, RolloutEvent.PromoteFull);

        Assert.That(whole.Wished!["v2"], Is.EqualTo(1000));
    }

    [TestCase(5)]
    [TestCase(333)]
    [TestCase(1000)]
    public void What_is_left_is_divided_as_before_and_nothing_is_lost(int share)
    {
        var shares = (Of() with { Others = Shares(("a", 333), ("b", 333), ("c", 334)) }).SharesAt(share);

        Assert.That(shares.Values.Sum(), Is.EqualTo(1000));
        Assert.That(shares["v2"], Is.EqualTo(share));
        Assert.That(new[] { shares["a"], shares["b"], shares["c"] }, Is.All.EqualTo((1000 - share) / 3.0).Within(1));
    }

    [TestCase(RolloutEvent.Promote, RolloutPhase.Paused, "it moves no calls to another version")]
    [TestCase(RolloutEvent.Undo, RolloutPhase.Done, "servers that were restarted cannot be un-restarted")]
    [TestCase(RolloutEvent.Resume, RolloutPhase.Aborted, "it is aborted")]
    public void A_restart_has_no_shares_to_promote_and_cannot_be_undone(RolloutEvent what, RolloutPhase phase, string why)
    {
        Assert.That(RolloutMachine.Next(Restart(phase), what, null, Views.Now, out var error), Is.Null);
        Assert.That(error, Does.StartWith(why));
    }

    [Test]
    public void A_restart_is_done_when_nobody_is_left()
    {
        var done = Next(Restart(RolloutPhase.Running), RolloutEvent.GatePassed);

        Assert.That((done.Phase, done.Wished, RolloutText.StepOf(done)), Is.EqualTo((RolloutPhase.Done, (object?)null, "1 of 1 restarted")));
    }

    private static Rollout Restart(RolloutPhase phase) => new(1, "id", RolloutKind.Rolling, "", "") { Phase = phase, Restart = new RollingRestart("true", 1) { Members = [new RollingMember("a", "sip:127.0.0.1", RollingStage.Resumed)] } };

    private static Rollout Next(Rollout rollout, RolloutEvent what) => RolloutMachine.Next(rollout, what, null, Views.Now, out _)!;
}
