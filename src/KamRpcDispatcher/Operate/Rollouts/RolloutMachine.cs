using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Operate.Rollouts.Rolling;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>What may happen to a rollout.</summary>
public enum RolloutEvent
{
    /// <summary>The step was in force for its time, and the gate said yes, or there is none.</summary>
    GatePassed,

    /// <summary>The gate said no.</summary>
    GateFailed,

    /// <summary>The gate does not know: somebody has to decide.</summary>
    GateUndecided,

    /// <summary>The gate could not be asked.</summary>
    GateBroken,

    /// <summary>Not every proxy has applied the step in time.</summary>
    NotApplied,

    /// <summary>What a step needs is not so, and somebody has to decide.</summary>
    Blocked,

    /// <summary>Somebody else wrote another split of the set.</summary>
    SplitChanged,

    /// <summary>The runner was stopped.</summary>
    Interrupted,

    /// <summary>An operator: stay where it is.</summary>
    Pause,

    /// <summary>An operator: go on.</summary>
    Resume,

    /// <summary>An operator: the next step now, whatever its gate would say.</summary>
    Promote,

    /// <summary>An operator: all calls now.</summary>
    PromoteFull,

    /// <summary>An operator: back to the shares before, at once.</summary>
    Abort,

    /// <summary>An operator: take back one that is done.</summary>
    Undo,
}

/// <summary>What becomes of a rollout by what happens. It is pure: who writes the result writes <see cref="Rollout.Wished"/> with it, in one transaction.</summary>
internal static class RolloutMachine
{
    /// <summary>The rollout after it; null where that cannot happen to it as it is.</summary>
    /// <param name="rollout">As it is.</param>
    /// <param name="what">What happens.</param>
    /// <param name="text">What was said, by the gate or by who decides.</param>
    /// <param name="now">The time.</param>
    /// <param name="error">Why not, a sentence.</param>
    public static Rollout? Next(Rollout rollout, RolloutEvent what, string? text, DateTimeOffset now, out string? error)
    {
        error = WhyNot(rollout, what);
        if (error is not null)
        {
            return null;
        }

        var said = rollout with { Since = now, Message = text is { Length: > MemberValidation.MaxReasonLength } ? text[..MemberValidation.MaxReasonLength] : text };
        return what switch
        {
            RolloutEvent.GatePassed or RolloutEvent.Promote => Forward(said with { Failed = 0 }),
            RolloutEvent.PromoteFull => Whole(said),
            RolloutEvent.GateFailed => rollout.Failed + 1 >= rollout.Failures
                ? said with { Failed = rollout.Failed + 1, Phase = RolloutPhase.Failed }
                : said with { Failed = rollout.Failed + 1 },
            RolloutEvent.Resume => said with { Phase = RolloutPhase.Running, Failed = rollout.Phase == RolloutPhase.Paused ? 0 : rollout.Failed },
            RolloutEvent.Abort => said with { Phase = RolloutPhase.Aborted },
            RolloutEvent.Undo => said with { Phase = RolloutPhase.Undone },
            _ => said with { Phase = RolloutPhase.Paused },
        };
    }

    private static Rollout Forward(Rollout rollout) => rollout.IsLastStep
        ? rollout with { Phase = RolloutPhase.Done, Restart = rollout.Restart?.With(rollout.Restart.In(RollingStage.Resumed), RollingStage.Done) }
        : rollout with { Phase = RolloutPhase.Running, Step = rollout.Step + 1 };

    private static Rollout Whole(Rollout rollout)
    {
        var steps = rollout.Steps[^1] == Split.Whole ? rollout.Steps : rollout.Steps.Add(Split.Whole);
        return rollout with { Phase = RolloutPhase.Done, Failed = 0, Steps = steps, Step = steps.Length - 1 };
    }

    private static string? WhyNot(Rollout rollout, RolloutEvent what) => what switch
    {
        RolloutEvent.Undo when rollout.Restart is not null => rollout.HasEnded ? "servers that were restarted cannot be un-restarted, and it has left no drain of its own" : $"it is {RolloutText.Of(rollout.Phase)}, and not done: abort ends it",
        RolloutEvent.Promote or RolloutEvent.PromoteFull when rollout.Restart is not null => "it moves no calls to another version; resume goes on, and --drain-time with it where nobody knows the calls",
        RolloutEvent.Undo => rollout.Phase == RolloutPhase.Done ? null
            : rollout.HasEnded ? $"it is {RolloutText.Of(rollout.Phase)}: {Back(rollout)} already"
            : $"it is {RolloutText.Of(rollout.Phase)}, and not done: abort takes it back",
        RolloutEvent.Resume or RolloutEvent.Promote or RolloutEvent.PromoteFull or RolloutEvent.Abort or RolloutEvent.Interrupted => rollout.HasEnded ? Ended(rollout) : null,
        RolloutEvent.Pause => rollout.HasEnded ? Ended(rollout) : rollout.Phase == RolloutPhase.Paused ? "it is paused already" : null,
        _ => rollout.Phase == RolloutPhase.Running ? null : $"it is {RolloutText.Of(rollout.Phase)}",
    };

    private static string Ended(Rollout rollout) => rollout.Restart is not null ? $"it is {RolloutText.Of(rollout.Phase)}" : $"it is {RolloutText.Of(rollout.Phase)}{(rollout.Phase == RolloutPhase.Done ? ": undo takes it back" : $", and {Back(rollout)}")}";

    /// <summary>How the shares of one are that was taken back.</summary>
    private static string Back(Rollout rollout) => rollout.IsWithoutCalls ? $"{SafeText.Shorten(rollout.To)} gets no calls" : "its shares are those of before";
}
