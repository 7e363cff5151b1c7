using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Cli.Rollouts;

/// <summary>What is said when nobody runs a rollout here any more: how it stands, and what goes on with it.</summary>
internal static class RolloutEnd
{
    /// <summary>Who runs it.</summary>
    public static string RunnerOf(RolloutView view) => view.Runner is { } runner ? SafeText.Shorten(FormattableString.Invariant($"{runner.By} ({runner.Host}, process {runner.Pid})"), MemberValidation.MaxReasonLength) : "somebody";

    /// <param name="end">What stands in etcd.</param>
    /// <param name="isMine">Whether that is the rollout that was run here.</param>
    /// <param name="isLost">Whether somebody else runs it by now.</param>
    /// <param name="isFree">Whether etcd has it that nobody runs it any more.</param>
    /// <param name="state">How the proxies are with its last step; null where nobody waited for them.</param>
    public static string Of(RolloutView end, bool isMine, bool isLost, bool isFree, AppliedState? state)
    {
        var set = Ages.Number(end.Set);
        return end.Rollout switch
        {
            null => $"set {set} has no rollout any more",
            _ when !isMine => $"set {set} has another rollout by now",
            { Phase: RolloutPhase.Done } when state is { IsApplied: false } => $"done by etcd, and NOT applied by every proxy: missing {RolloutApplied.MissingOf(state)}",
            { Restart: { } restart, HasEnded: true } ended => $"{RolloutText.Of(ended.Phase)}: {RollingText.Of(restart)}{(restart.Lost is { Count: > 0 } lost ? $"; NOT announced when their turn came: {RollingText.NamesOf(lost)}" : string.Empty)}",
            { Phase: RolloutPhase.Done } done => $"done: {RolloutText.Of(done.Wished)}; 'kamrpc rollout undo {set}' takes it back",
            { IsWithoutCalls: true } failed => $"failed: {SafeText.Shorten(failed.To)} gets no calls, {RolloutText.Of(failed.Wished)}; 'kamrpc split {set} --clear' shares calls among all again, as before it",
            { HasEnded: true } ended => $"{RolloutText.Of(ended.Phase)}: the shares are those of before, {RolloutText.Of(ended.Wished)}",
            _ when isLost => $"somebody else runs it by now: 'kamrpc rollout status {set}'",
            var left => $"{RolloutText.Of(left.Phase)} at {RolloutText.StepOf(left)}{(left.Message is { } said ? $" ({SafeText.Shorten(said, MemberValidation.MaxReasonLength)})" : string.Empty)}, and nobody runs it{(isFree ? string.Empty : ", though etcd may name this process for some ten seconds more")}: 'kamrpc rollout resume {set}' goes on{(isFree ? string.Empty : " then")}, from anywhere, {(left.Restart is null ? "promote takes the next step, abort goes back" : "abort resumes whom it has drained, and ends it")}",
        };
    }
}
