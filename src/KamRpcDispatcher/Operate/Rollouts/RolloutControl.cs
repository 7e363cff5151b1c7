using System.Globalization;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>What operators do to rollouts, from any machine: reads, decides, writes, and begins again where something has changed meanwhile.</summary>
public sealed class RolloutControl(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider)
{
    private const int MostTries = 5;

    private readonly OperatorViewReader _cluster = new(store, keys, timeProvider);
    private readonly RolloutStore _rollouts = new(store, keys, timeProvider);
    private readonly RollingRights _rights = new(store, keys);
    private readonly StepInForce _steps = new(store, keys, timeProvider);

    /// <summary>Whether a drain is left so long where nobody knows the calls, from now on: of a rolling restart that is resumed; null where that stays as it is.</summary>
    public TimeSpan? DrainTime { get; init; }

    /// <summary>Whether something may be written, without an answer.</summary>
    public bool IsInDoubt => _rollouts.IsInDoubt;

    /// <summary>What a rollout would be; nothing is written.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public async Task<RolloutOutcome> PlanAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var view = await _rollouts.ReadAsync(request.Set, cancellationToken).ConfigureAwait(false);
        var cluster = await _cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
        var rollout = RolloutPlanner.Plan(request, cluster, view, timeProvider.GetUtcNow(), out var result, out var reasons);
        return rollout is null ? new RolloutOutcome(result, view) { Reasons = reasons }
            : new RolloutOutcome(RolloutResult.Planned, view with { Rollout = rollout }) { Steps = RolloutForecast.Of(rollout, view.Split, cluster), Warnings = WarningsOf(rollout, cluster) };
    }

    /// <summary>What would become of the rollout of a set; the parameters are those of <see cref="ChangeAsync"/>.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public Task<RolloutOutcome> PlanChangeAsync(int set, RolloutEvent what, string by, string? text, bool isForced, CancellationToken cancellationToken) =>
        WriteAsync(set, what, by, text, isForced, null, cancellationToken, isDry: true);

    /// <summary>Begins a rollout: its first step is written.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="runner">Held by who is going to run it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public Task<RolloutOutcome> StartAsync(RolloutRequest request, RolloutRunnerKey runner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(runner);
        return RecordedAsync(request.Set, () => BeginAsync(request, runner, cancellationToken), cancellationToken);
    }

    private async Task<RolloutOutcome> BeginAsync(RolloutRequest request, RolloutRunnerKey runner, CancellationToken cancellationToken)
    {
        RolloutView? view = null;
        for (var tried = 0; tried < MostTries && !runner.IsLost; tried++)
        {
            view = await _rollouts.ReadAsync(request.Set, cancellationToken).ConfigureAwait(false);
            var cluster = await _cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            var rollout = RolloutPlanner.Plan(request, cluster, view, timeProvider.GetUtcNow(), out var result, out var reasons);
            if (rollout is null)
            {
                return new RolloutOutcome(result, view) { Reasons = reasons };
            }

            if (await _rights.WhyNotAsync(rollout, cancellationToken).ConfigureAwait(false) is { Count: > 0 } missing)
            {
                return new RolloutOutcome(RolloutResult.Refused, view) { Reasons = missing };
            }

            var written = await _rollouts.WriteAsync(view, rollout, request.By, $"rollout {RolloutText.Of(request.Kind)}", runner.Revision, cancellationToken).ConfigureAwait(false);
            if (written.IsWritten)
            {
                return Written(view, rollout, written) with { Warnings = WarningsOf(rollout, cluster) };
            }
        }

        return KeepsChanging(view!);
    }

    private static IReadOnlyList<string> WarningsOf(Rollout rollout, OperatorView cluster) =>
        rollout.Restart is { } restart ? RollingPlanner.WhyUncounted(restart, cluster, rollout.Set)
        : RolloutPlanner.WhyBackIsMore(rollout, cluster) is { } more ? [more]
        : [];

    /// <summary>Has something happen to the rollout of a set.</summary>
    /// <param name="set">The set.</param>
    /// <param name="what">What an operator wishes.</param>
    /// <param name="by">Who.</param>
    /// <param name="text">Why.</param>
    /// <param name="isForced">Whether shares go back whoever is ready to take them.</param>
    /// <param name="runner">Held by who is going to run it; null where somebody else does: of one that nobody runs nothing is written then that has it go on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public Task<RolloutOutcome> ChangeAsync(int set, RolloutEvent what, string by, string? text, bool isForced, RolloutRunnerKey? runner, CancellationToken cancellationToken) =>
        RecordedAsync(set, () => WriteAsync(set, what, by, text, isForced, runner, cancellationToken), cancellationToken);

    private async Task<RolloutOutcome> WriteAsync(int set, RolloutEvent what, string by, string? text, bool isForced, RolloutRunnerKey? runner, CancellationToken cancellationToken, bool isDry = false)
    {
        var goesOn = what is RolloutEvent.Resume or RolloutEvent.Promote;
        RolloutView? view = null;
        for (var tried = 0; tried < MostTries; tried++)
        {
            view = await _rollouts.ReadAsync(set, cancellationToken).ConfigureAwait(false);
            if (view.Rollout is not { } rollout)
            {
                return new RolloutOutcome(view.Error is null ? RolloutResult.Unknown : RolloutResult.Refused, view) { Reasons = [view.Error is { } error ? $"the rollout of set {Text(set)} cannot be read ({error}): delete {keys.Rollout(set)} with etcdctl; the split stays as it is" : await NoneAsync(set, cancellationToken).ConfigureAwait(false)] };
            }

            if (what == RolloutEvent.Undo && rollout.Phase == RolloutPhase.Done && !view.IsAsWished && !isForced)
            {
                return new RolloutOutcome(RolloutResult.NotSafe, view)
                {
                    Reasons = [$"the split of set {Text(set)} is not any more as the rollout left it ({RolloutText.Of(rollout.Wished)}), but {view.SplitError ?? RolloutText.Of(view.Split?.Shares)}; before it {RolloutText.Of(rollout.Before)} was so"],
                };
            }

            var cluster = await _cluster.ReadAsync(cancellationToken).ConfigureAwait(false);
            var next = RolloutMachine.Next(RolloutProxies.Noted(rollout, cluster, letsGo: isForced), what, $"{VerbOf(what)} by {by}{(text is null ? string.Empty : ": " + text)}", timeProvider.GetUtcNow(), out var why);
            if (next is null)
            {
                return new RolloutOutcome(RolloutResult.Refused, view) { Reasons = [$"the rollout of set {Text(set)} cannot be {VerbOf(what)}: {why}"] };
            }

            next = next with { IsForced = next.IsForced || (isForced && next.Restart is not null), Restart = what == RolloutEvent.Resume && DrainTime is { } time && next.Restart is not null ? next.Restart with { DrainTime = time } : next.Restart };
            if (DrainTime is not null && next.Restart is null)
            {
                return new RolloutOutcome(RolloutResult.Refused, view) { Reasons = [$"the rollout of set {Text(set)} is a {RolloutText.Of(rollout.Kind)}, and drains nobody: resume it without --drain-time"] };
            }

            var resumed = what == RolloutEvent.Abort && rollout.Restart is { } restart
                ? new IntentsBeside(RollingPlanner.Writes(rollout, cluster, restart.Drained.Select(static member => member.Name), isDrain: false, by, next.Since), cluster.Revision, null)
                : null;
            if (resumed is not null)
            {
                List<string> names = [.. resumed.Writes.Select(static write => write.Subject.Member.Name)];
                next = next with { Restart = RollingSettling.Aborted(next.Restart!, names, rollout, cluster) };
            }

            var refusals = isForced || next.Phase == RolloutPhase.Paused ? [] : WhyNot(next, cluster);
            if (!isForced && what is RolloutEvent.Promote or RolloutEvent.PromoteFull && await _steps.WhyNotAsync(rollout, view, cluster, isDry, cancellationToken).ConfigureAwait(false) is { } behind)
            {
                refusals = [behind, .. refusals];
            }

            if (refusals.Count > 0)
            {
                return new RolloutOutcome(RolloutResult.NotSafe, view) { Reasons = refusals };
            }

            if (isDry)
            {
                return new RolloutOutcome(RolloutResult.Planned, view with { Rollout = next }) { Now = rollout, Warnings = RolloutProxies.LetGo(rollout, next, cluster) };
            }

            if (goesOn && runner is not null && await _rights.WhyNotAsync(next, cancellationToken).ConfigureAwait(false) is { Count: > 0 } missing)
            {
                return new RolloutOutcome(RolloutResult.Refused, view) { Reasons = missing };
            }

            if (goesOn && !next.HasEnded && runner is null && view.Runner is null)
            {
                return new RolloutOutcome(RolloutResult.Unrun, view);
            }

            var written = await _rollouts.WriteAsync(view, next, by, $"rollout {(what == RolloutEvent.PromoteFull ? "promote --full" : what.ToString().ToLowerInvariant())}", runner?.Revision ?? (goesOn && view.Runner is not null ? view.RunnerRevision : null), cancellationToken, resumed, resumed?.Writes.Select(static write => write.Subject.Member.Name).ToList()).ConfigureAwait(false);
            if (written.IsWritten)
            {
                return Written(view, next, written, resumed) with { Warnings = RolloutProxies.LetGo(rollout, next, cluster) };
            }
        }

        return KeepsChanging(view!);
    }

    /// <summary>What speaks against the shares that it wishes; empty for nothing.</summary>
    internal async Task<IReadOnlyList<string>> WhyNotAsync(Rollout rollout, CancellationToken cancellationToken) => rollout.IsForced || rollout.Restart is not null
        ? []
        : WhyNot(rollout, await _cluster.ReadAsync(cancellationToken).ConfigureAwait(false));

    private static IReadOnlyList<string> WhyNot(Rollout rollout, OperatorView cluster) =>
        rollout.IsForced || rollout.Restart is not null ? [] : new RolloutFloor(cluster, rollout.Set).Check(rollout.Label, rollout.Wished, rollout.To, rollout.MinReady);

    private static RolloutOutcome Written(RolloutView view, Rollout rollout, RolloutWritten written, IntentsBeside? resumed = null) =>
        new(RolloutResult.Written, view with { Rollout = rollout, ModRevision = written.Revision }) 
        {
            // Also where the shares stay as they are: who says that a step is done has to know that every proxy has it.
            Target = rollout.Restart is null && rollout.Phase != RolloutPhase.Paused && (written.HasSplit ? written.Revision : view.SplitRevision) is > 0 and var split ? RolloutProxies.TargetOf(rollout, split)
                : resumed is { Writes.Count: > 0 } ? AppliedTarget.Of(IntentWish.Resume, written.Revision, resumed.Writes.Select(static write => write.Subject)) with { Expected = RolloutProxies.Expected(rollout) }
                : null,
            Recorded = written.Entry,
        };

    /// <summary>Nothing is changed without its entry in the history.</summary>
    private async Task<RolloutOutcome> RecordedAsync(int set, Func<Task<RolloutOutcome>> write, CancellationToken cancellationToken)
    {
        try
        {
            return await write().ConfigureAwait(false);
        }
        catch (EtcdUnreachableException unreachable) when (EtcdFailure.IsRefusal(unreachable.InnerException))
        {
            if (await _rollouts.WhyForbiddenAsync(unreachable, cancellationToken).ConfigureAwait(false) is { } why)
            {
                return new RolloutOutcome(RolloutResult.Refused, new RolloutView(set, 0, null)) { Reasons = [why] };
            }

            throw;
        }
    }

    private static RolloutOutcome KeepsChanging(RolloutView view) =>
        new(RolloutResult.KeepsChanging, view) { Reasons = [$"the rollout or the split of set {Text(view.Set)} changed each of the {MostTries} times before this could be written"] };

    private static string VerbOf(RolloutEvent what) => what switch
    {
        RolloutEvent.Pause => "paused",
        RolloutEvent.Resume => "resumed",
        RolloutEvent.Promote or RolloutEvent.PromoteFull => "promoted",
        RolloutEvent.Abort => "aborted",
        _ => "undone",
    };

    private async Task<string> NoneAsync(int set, CancellationToken cancellationToken)
    {
        var all = (await _rollouts.ReadAllAsync(cancellationToken).ConfigureAwait(false)).Rollouts;
        return $"set {Text(set)} has no rollout; {(all.Count == 0 ? "no set has one" : $"there are those of the sets {string.Join(", ", all.Select(static one => Text(one.Set)))}")}";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
