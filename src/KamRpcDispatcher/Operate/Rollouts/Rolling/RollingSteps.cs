using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.Rollouts.Running;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Carries out what is next in a rolling restart.</summary>
/// <remarks>
/// Each thing that is done is written with how far it is then, in one transaction, so that whoever takes over goes on there. A command is not ended by
/// what others write into the record: who restarts a server is not stopped half-way. One whose runner was killed may run on, and is run again.
/// </remarks>
internal sealed class RollingSteps(RollingStore store, OperatorViewReader cluster, RolloutApplied applied, RolloutPatience patience, TimeProvider timeProvider)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>For so long a member has to be announced as ready: an announcement from before its restart is gone by then, as a rule.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2);

    private readonly RollingStore _store = store;
    private readonly RollingIdle _idle = new(applied, patience, timeProvider);
    private readonly RollingCommand _command = new(patience, timeProvider);
    private readonly RollingReady _ready = new(cluster, patience, timeProvider);

    /// <summary>Since when, by this runner's doing, the drains of these are taken back, by name.</summary>
    private readonly Dictionary<string, long> _resumed = new(StringComparer.Ordinal);

    /// <summary>Does the next thing.</summary>
    /// <param name="view">The record that was read.</param>
    /// <param name="step">Ends the waiting: also where somebody has changed the record.</param>
    /// <param name="life">Ends all: the runner is stopped, or somebody else runs it.</param>
    /// <returns>What it comes to; null where the record has to be read anew.</returns>
    public async Task<(RolloutEvent What, string? Text)?> StepAsync(RolloutView view, CancellationToken step, CancellationToken life)
    {
        var rollout = view.Rollout!;
        while (true)
        {
            var now = await patience.TryAsync(() => cluster.ReadAsync(step), step).ConfigureAwait(false);
            var move = RollingPlanner.Next(rollout, rollout.Restart!, now);
            switch (move.Kind)
            {
                case RollingMoveKind.Finish:
                    return (RolloutEvent.GatePassed, RollingText.Of(move.Restart));
                case RollingMoveKind.Settle:
                    Tell(move);
                    await _store.SettleAsync(view, move.Restart, move.Pause, life).ConfigureAwait(false);
                    return null;
                case RollingMoveKind.Await:
                    await AwaitAsync(view, move, step, life).ConfigureAwait(false);
                    return null;
                case RollingMoveKind.Drain when RolloutProxies.WhyUnknown(rollout, now) is not null:
                    // Its Kamailio would go on sending calls to them, whatever is written.
                    if (await _ready.UntilAsync(rollout, move.Names, (there, _) => RolloutProxies.WhyUnknown(rollout, there), TimeSpan.Zero, "safe to drain", step).ConfigureAwait(false) is { } unsafeNow)
                    {
                        return (RolloutEvent.Blocked, $"not safe to drain within {DurationText.Of(rollout.Restart!.ReadyTimeout)}: {unsafeNow}; one that was retired is let go by --force");
                    }

                    continue;
                case RollingMoveKind.Drain:
                    if (await DrainAsync(view, now, move, life).ConfigureAwait(false))
                    {
                        return null;
                    }

                    await Task.Delay(Look, timeProvider, step).ConfigureAwait(false);
                    continue;
                case RollingMoveKind.Run:
                    return await RunAsync(view, now, move, step, life).ConfigureAwait(false);
                case RollingMoveKind.Resume:
                    return await ResumeAsync(view, move, step, life).ConfigureAwait(false);
                default:
                    return await ConfirmAsync(view, now, move, step, life).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for those whose turn has come, and who are not there: a key may be back in a moment, and who is passed over goes on getting calls unrestarted.</summary>
    private async Task AwaitAsync(RolloutView view, RollingMove move, CancellationToken step, CancellationToken life)
    {
        var rollout = view.Rollout!;
        if (await _ready.UntilAsync(rollout, move.Names, RollingPlanner.WhyNotThere, TimeSpan.Zero, "announced", step).ConfigureAwait(false) is { } why)
        {
            await _store.SettleAsync(
                view,
                move.Restart.With(move.Names, RollingStage.Waiting, RollingRestart.Missed),
                $"not there within {DurationText.Of(rollout.Restart!.ReadyTimeout)}: {why}; resume waits once more, but skips who is in no proxy's rotation any more",
                life).ConfigureAwait(false);
        }
    }

    /// <returns>Whether it was tried to write it; else the floor blocks it.</returns>
    private async Task<bool> DrainAsync(RolloutView view, OperatorView now, RollingMove move, CancellationToken life)
    {
        var rollout = view.Rollout!;
        IReadOnlyList<CountedKey>? counted = null;
        if (!rollout.IsForced)
        {
            var grounds = RollingPlanner.Check(rollout, now, move.Names);
            if (grounds.Refusals.Count > 0)
            {
                patience.TellOnce($"waits before it drains {RollingText.NamesOf(move.Names)}: {string.Join("; ", grounds.Refusals)}");
                return false;
            }

            counted = grounds.Counted;
        }

        Tell(move);
        var intents = new IntentsBeside(RollingPlanner.Writes(rollout, now, move.Names, isDrain: true, _store.By, timeProvider.GetUtcNow()), now.Revision, counted);
        if (await _store.WriteAsync(view, RolloutProxies.Noted(rollout, now) with { Restart = move.Restart }, intents, "rollout drain", move.Names, life).ConfigureAwait(false) > 0)
        {
            patience.TellOnce($"drains {RollingText.NamesOf(move.Names)}; {RollingText.Of(move.Restart)}");
        }

        return true;
    }

    private async Task<(RolloutEvent What, string? Text)?> RunAsync(RolloutView view, OperatorView now, RollingMove move, CancellationToken step, CancellationToken life)
    {
        var (rollout, restart) = (view.Rollout!, view.Rollout!.Restart!);
        HashSet<MemberKey> members = [.. move.Names.Select(name => new MemberKey(rollout.Set, name))];
        var target = new AppliedTarget(IntentWish.Drain, members.Max(member => now.StoredOf(member)?.ModRevision ?? 0), members) { Expected = RolloutProxies.Expected(RolloutProxies.Noted(rollout, now)) };
        var state = await patience.TryAsync(() => applied.WaitAsync(target, step), step).ConfigureAwait(false);
        if (!state.IsApplied)
        {
            return (RolloutEvent.NotApplied, $"the drain of {RollingText.NamesOf(move.Names)} is not in force on every proxy within {DurationText.Of(applied.Timeout)}: missing {RolloutApplied.MissingOf(state)}; it stays");
        }

        if (await _idle.WaitAsync(members, restart.DrainTime, step).ConfigureAwait(false) is { } busy)
        {
            // The record has no room for a long one.
            patience.TellOnce(busy);
            return (RolloutEvent.Blocked, $"{busy}; the drain stays");
        }

        // Who has paused or aborted it just now is not to find a command begun after that.
        step.ThrowIfCancellationRequested();
        if ((await _store.ReadAsync(rollout, life).ConfigureAwait(false))?.ModRevision != view.ModRevision)
        {
            return null;
        }

        patience.TellOnce($"runs the command for {RollingText.NamesOf(move.Names)}");
        var ends = await Task.WhenAll(restart.Members.Where(member => move.Names.Contains(member.Name)).Select(member => _command.RunAsync(rollout, member, life))).ConfigureAwait(false);
        List<string> ran = [.. ends.Where(static end => end.Why is null).Select(static end => end.Name)];
        if (ran.Count > 0)
        {
            await _store.RecordRanAsync(rollout, ran, life).ConfigureAwait(false);
        }

        if (ends.Select(static end => end.Why).OfType<string>().ToList() is not { Count: > 0 } failures)
        {
            return null;
        }

        // Told also where somebody has changed the record meanwhile, and the pause is not written.
        var text = string.Join("; ", failures);
        patience.TellOnce(text);
        if (ran.Count == 0)
        {
            return (RolloutEvent.Blocked, text);
        }

        await _store.BlockedAsync(rollout, text, life).ConfigureAwait(false);
        return null;
    }

    private async Task<(RolloutEvent What, string? Text)?> ResumeAsync(RolloutView view, RollingMove move, CancellationToken step, CancellationToken life)
    {
        var rollout = view.Rollout!;
        if (await _ready.UntilAsync(rollout, move.Names, RollingPlanner.WhyNotReady, Settling, "ready", step).ConfigureAwait(false) is { } why)
        {
            return (RolloutEvent.Blocked, $"not ready again within {DurationText.Of(rollout.Restart!.ReadyTimeout)}: {why}; the drain stays");
        }

        var now = await patience.TryAsync(() => cluster.ReadAsync(step), step).ConfigureAwait(false);
        var intents = new IntentsBeside(RollingPlanner.Writes(rollout, now, move.Names, isDrain: false, _store.By, timeProvider.GetUtcNow()), now.Revision, null);
        var revision = await _store.WriteAsync(view, RolloutProxies.Noted(rollout, now) with { Restart = move.Restart.With(move.Names, RollingStage.Resumed) }, intents, "rollout resume", move.Names, life).ConfigureAwait(false);
        if (revision > 0)
        {
            foreach (var name in move.Names)
            {
                _resumed[name] = revision;
            }

            patience.TellOnce($"resumes {RollingText.NamesOf(move.Names)}");
        }

        return null;
    }

    /// <summary>Waits until each proxy has them in rotation, and writes that at once: who reads the record is not told less than was said here.</summary>
    private async Task<(RolloutEvent What, string? Text)?> ConfirmAsync(RolloutView view, OperatorView now, RollingMove move, CancellationToken step, CancellationToken life)
    {
        var rollout = view.Rollout!;
        if (await WhyNotBackAsync(RolloutProxies.Noted(rollout, now), move, step).ConfigureAwait(false) is { } why)
        {
            return (RolloutEvent.Blocked, why);
        }

        var restart = move.Restart.With(move.Names, RollingStage.Done);
        if (await _store.WriteAsync(view, RolloutProxies.Noted(rollout, now) with { Restart = restart }, null, "rollout back", move.Names, life).ConfigureAwait(false) > 0)
        {
            patience.TellOnce($"{RollingText.NamesOf(move.Names)} back: {RollingText.Of(restart)}");
        }

        return null;
    }

    /// <summary>Null when each proxy has them in rotation; else why not.</summary>
    private async Task<string?> WhyNotBackAsync(Rollout rollout, RollingMove move, CancellationToken step)
    {
        // Of one that another runner resumed the revision is not known; what proxies report of it has to do then.
        HashSet<MemberKey> members = [.. move.Names.Select(name => new MemberKey(rollout.Set, name))];
        if (move.Names.Select(name => _resumed.GetValueOrDefault(name)).Max() is > 0 and var revision)
        {
            var target = new AppliedTarget(IntentWish.Resume, revision, members) { Expected = RolloutProxies.Expected(rollout) };
            var state = await patience.TryAsync(() => applied.WaitAsync(target, step), step).ConfigureAwait(false);
            if (!state.IsApplied)
            {
                return $"{RollingText.NamesOf(move.Names)} resumed, and not known to be on every proxy within {DurationText.Of(applied.Timeout)}: missing {RolloutApplied.MissingOf(state)}";
            }
        }

        return await _ready.UntilAsync(rollout, move.Names, (there, key) => RollingPlanner.WhyNotServed(there, key) ?? RolloutProxies.WhyUnknown(rollout, there), TimeSpan.Zero, "in rotation on every proxy", step).ConfigureAwait(false) is { } why
            ? $"not in rotation again within {DurationText.Of(rollout.Restart!.ReadyTimeout)}: {why}"
            : null;
    }

    private void Tell(RollingMove move)
    {
        foreach (var text in move.Told)
        {
            patience.TellOnce(text);
        }
    }
}
