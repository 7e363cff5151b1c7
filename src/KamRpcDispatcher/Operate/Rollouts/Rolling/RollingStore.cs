using KamRpcDispatcher.Operate.Rollouts.Running;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>Reads and writes the record of a rolling restart, for who runs it.</summary>
/// <param name="rollouts">Where records are.</param>
/// <param name="applied">Told what is written.</param>
/// <param name="key">Held by who runs it.</param>
/// <param name="patience">Tries again while etcd is away.</param>
/// <param name="timeProvider">The time.</param>
/// <param name="by">Who runs it.</param>
internal sealed class RollingStore(RolloutStore rollouts, RolloutApplied applied, RolloutRunnerKey key, RolloutPatience patience, TimeProvider timeProvider, string by)
{
    public string By => by;

    /// <summary>Whatever others have written into the record meanwhile: that a command has ended well is written too.</summary>
    public async Task RecordRanAsync(Rollout rollout, IReadOnlyList<string> ran, CancellationToken life)
    {
        while (await ReadAsync(rollout, life).ConfigureAwait(false) is { Rollout: { } there } view)
        {
            List<string> names = [.. ran.Where(there.Restart!.In(RollingStage.Drained).Contains)];
            if (names.Count == 0 || await WriteAsync(view, there with { Restart = there.Restart.With(names, RollingStage.Ran) }, null, "rollout restarted", names, life).ConfigureAwait(false) > 0)
            {
                return;
            }
        }

        patience.TellOnce($"the command has ended well for {RollingText.NamesOf(ran)}, and the rollout had ended before");
    }

    /// <summary>Pauses it after the record was written: what stood there before is not there any more.</summary>
    public async Task BlockedAsync(Rollout rollout, string text, CancellationToken life)
    {
        while (await ReadAsync(rollout, life).ConfigureAwait(false) is { Rollout: { Phase: RolloutPhase.Running } there } view
            && RolloutMachine.Next(there, RolloutEvent.Blocked, text, timeProvider.GetUtcNow(), out _) is { } paused
            && await WriteAsync(view, paused, null, "rollout paused", [], life).ConfigureAwait(false) == 0)
        {
        }
    }

    /// <summary>Writes it as it is to be, paused where something speaks against going on.</summary>
    /// <param name="view">What was decided on.</param>
    /// <param name="restart">How far it is.</param>
    /// <param name="pause">What speaks against going on; null where nothing does.</param>
    /// <param name="life">Gives up.</param>
    public async Task SettleAsync(RolloutView view, RollingRestart restart, string? pause, CancellationToken life)
    {
        var next = view.Rollout! with { Restart = restart };
        next = pause is null ? next : RolloutMachine.Next(next, RolloutEvent.Blocked, pause, timeProvider.GetUtcNow(), out _) ?? next;
        await WriteAsync(view, next, null, pause is null ? "rollout skip" : "rollout paused", [], life).ConfigureAwait(false);
    }

    /// <summary>What stands there of the rollout while it has not ended; null where it has.</summary>
    public async Task<RolloutView?> ReadAsync(Rollout rollout, CancellationToken life)
    {
        var view = await patience.TryAsync(() => rollouts.ReadAsync(rollout.Set, life), life).ConfigureAwait(false);
        return view.Rollout is { HasEnded: false, Restart: not null } there && there.Id == rollout.Id ? view : null;
    }

    /// <summary>The revision that wrote it; 0 where something had changed.</summary>
    public async Task<long> WriteAsync(RolloutView view, Rollout next, IntentsBeside? intents, string what, IReadOnlyList<string> names, CancellationToken life)
    {
        var written = await patience.TryAsync(() => rollouts.WriteAsync(view, next, by, what, key.Revision, life, intents, names), life).ConfigureAwait(false);
        applied.Note(written.IsWritten ? written.Entry : null);
        return written.IsWritten ? written.Revision : 0;
    }
}
