using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Rollouts.Rolling;
using KamRpcDispatcher.Operate.Rollouts.Running;
using KamRpcDispatcher.Operate.Waiting;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>Carries a rollout out, step by step, as long as it holds the runner's key, and obeys what others write into its record meanwhile.</summary>
/// <param name="store">The store.</param>
/// <param name="keys">Where the records are.</param>
/// <param name="key">Held by who runs it.</param>
/// <param name="applied">Waits for the proxies.</param>
/// <param name="by">Who runs it.</param>
/// <param name="tell">Told each thing that happens, a sentence that is safe to print.</param>
/// <param name="timeProvider">The time.</param>
/// <remarks>All that it knows is in etcd: whoever takes over goes on with the step that stands there, which is waited for, left for its time and asked about anew.</remarks>
public sealed class RolloutRunner(EtcdConnection store, EtcdKeys keys, RolloutRunnerKey key, RolloutApplied applied, string by, Action<string> tell, TimeProvider timeProvider)
{
    /// <summary>How often it is looked whether somebody has changed the record.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>For the last word of one that is stopped.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private readonly RolloutStore _rollouts = new(store, keys, timeProvider);
    private readonly RolloutControl _control = new(store, keys, timeProvider);
    private readonly RolloutPatience _patience = new(
        text =>
        {
            key.Say(text);
            tell(text);
        },
        timeProvider);

    private readonly OperatorViewReader _cluster = new(store, keys, timeProvider);

    /// <summary>How the proxies are with the step that stands there; null while that is waited for.</summary>
    private AppliedState? _step;

    /// <summary>Whether it stays while the rollout is paused, and goes on when somebody says so; else it ends then, and whoever has it go on runs it.</summary>
    public bool WaitsWhilePaused { get; init; }

    private RollingSteps Rolling => field ??= new RollingSteps(new RollingStore(_rollouts, applied, key, _patience, timeProvider, by), _cluster, applied, _patience, timeProvider);

    /// <summary>Runs until it has ended, is paused, somebody else runs it, or it is stopped: then it is paused.</summary>
    /// <param name="begun">What was written last by who runs it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What stands in etcd in the end, as far as that is known.</returns>
    /// <exception cref="EtcdUnreachableException">etcd refuses.</exception>
    public async Task<RolloutView> RunAsync(RolloutOutcome begun, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(begun);
        var view = begun.View;
        var id = view.Rollout!.Id;
        applied.Note(begun.Recorded);
        try
        {
            while (!key.IsLost)
            {
                view = await _patience.TryAsync(() => _rollouts.ReadAsync(view.Set, cancellationToken), cancellationToken).ConfigureAwait(false);
                if (view.Rollout is not { HasEnded: false } rollout || rollout.Id != id)
                {
                    return view;
                }

                if (rollout.Phase == RolloutPhase.Paused && !WaitsWhilePaused)
                {
                    // An answer may have been lost: the key is not there any more then.
                    if (view.RunnerRevision != key.Revision || await _patience.TryAsync(() => _rollouts.LeaveAsync(view, key.Revision, cancellationToken), cancellationToken).ConfigureAwait(false))
                    {
                        return view;
                    }

                    continue;
                }

                if (rollout.Phase == RolloutPhase.Paused)
                {
                    _patience.TellOnce($"paused at {RolloutText.StepOf(rollout)}{Said(rollout)}; 'kamrpc rollout resume {rollout.Set}' goes on, {(rollout.Restart is null ? "promote takes the next step, abort goes back" : "abort resumes whom it has drained, and ends it")}");
                    await Task.Delay(Look, timeProvider, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                if (await StepAsync(view, rollout, cancellationToken).ConfigureAwait(false) is var (what, text))
                {
                    await ChangeAsync(view, rollout, what, text, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await PauseAsync(view, id).ConfigureAwait(false);
        }

        return view;
    }

    /// <summary>What the step that stands there comes to; null where somebody has changed the record, or the split, meanwhile.</summary>
    private async Task<(RolloutEvent What, string? Text)?> StepAsync(RolloutView view, Rollout rollout, CancellationToken cancellationToken)
    {
        _step = null;
        if (!view.IsAsWished)
        {
            return (RolloutEvent.SplitChanged, $"the split of the set is not the rollout's any more: {view.SplitError ?? RolloutText.Of(view.Split?.Shares)}{(view.Split is { By.Length: > 0 } split ? ", by " + SafeText.Shorten(split.By) : string.Empty)}");
        }

        using var step = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, key.Lost);
        var watching = WatchAsync(view, step);
        try
        {
            return rollout.Restart is null ? await StepAsync(view, rollout, step).ConfigureAwait(false) : await RestartAsync(view, step, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (step.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await step.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(RolloutEvent What, string? Text)?> RestartAsync(RolloutView view, CancellationTokenSource step, CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, key.Lost);
        return await Rolling.StepAsync(view, step.Token, life.Token).ConfigureAwait(false);
    }

    private async Task<(RolloutEvent What, string? Text)?> StepAsync(RolloutView view, Rollout rollout, CancellationTokenSource step)
    {
        var cluster = await _patience.TryAsync(() => _cluster.ReadAsync(step.Token), step.Token).ConfigureAwait(false);
        var state = await _patience.TryAsync(() => applied.WaitAsync(RolloutProxies.Noted(rollout, cluster), view.SplitRevision, step.Token), step.Token).ConfigureAwait(false);
        _step = state;
        if (!state.IsApplied)
        {
            return (RolloutEvent.NotApplied, $"not applied by every proxy within {DurationText.Of(applied.Timeout)}: missing {RolloutApplied.MissingOf(state)}");
        }

        _patience.TellOnce($"{RolloutText.StepOf(rollout)}: applied by {string.Join(", ", state.Proxies.Take(5).Select(static proxy => proxy.Name))}{(state.Proxies.Count > 5 ? FormattableString.Invariant($" and {state.Proxies.Count - 5} more") : string.Empty)}{(rollout.Pause > TimeSpan.Zero ? $"; it stays for {DurationText.Of(rollout.Pause)}" : string.Empty)}");
        await Task.Delay(rollout.Pause, timeProvider, step.Token).ConfigureAwait(false);
        var (what, text) = rollout.Gate is null ? (RolloutEvent.GatePassed, null) : await RolloutGate.AskAsync(rollout, step.Token).ConfigureAwait(false);
        if (what != RolloutEvent.GatePassed || RolloutMachine.Next(rollout, what, text, rollout.Since, out _) is not { HasEnded: false } next)
        {
            return (what, text);
        }

        // The step waits for those who are to take the calls, and is not given up.
        for (; await _patience.TryAsync(() => _control.WhyNotAsync(next, step.Token), step.Token).ConfigureAwait(false) is { Count: > 0 } refusals; await Task.Delay(Look, timeProvider, step.Token).ConfigureAwait(false))
        {
            _patience.TellOnce($"waits before {RolloutText.StepOf(next)}: {string.Join("; ", refusals)}");
        }

        return (what, text);
    }

    /// <summary>Ends a step when the record or the split is not what it was.</summary>
    private async Task WatchAsync(RolloutView view, CancellationTokenSource step)
    {
        while (true)
        {
            await Task.Delay(Look, timeProvider, step.Token).ConfigureAwait(false);
            var now = await _patience.TryAsync(() => _rollouts.ReadAsync(view.Set, step.Token), step.Token).ConfigureAwait(false);
            if ((now.ModRevision, now.SplitRevision) != (view.ModRevision, view.SplitRevision))
            {
                await step.CancelAsync().ConfigureAwait(false);
                return;
            }
        }
    }

    private async Task ChangeAsync(RolloutView view, Rollout rollout, RolloutEvent what, string? text, CancellationToken cancellationToken)
    {
        var cluster = await _patience.TryAsync(() => _cluster.ReadAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        var noted = RolloutProxies.Noted(rollout, cluster);
        var next = RolloutMachine.Next(_step is { } step ? RolloutProxies.Stepped(noted, step) : noted, what, text, timeProvider.GetUtcNow(), out _);
        if (next is null)
        {
            return;
        }

        var written = await _patience.TryAsync(() => _rollouts.WriteAsync(view, next, by, $"rollout {(next.Phase == RolloutPhase.Running ? "step" : RolloutText.Of(next.Phase))}", key.Revision, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (!written.IsWritten)
        {
            // Somebody has changed it, or runs it: what stands there by now is read next.
            return;
        }

        applied.Note(written.Entry);
        if (what == RolloutEvent.GateFailed)
        {
            _patience.TellOnce(FormattableString.Invariant($"{text} ({next.Failed} of {next.Failures})"));
        }

        if (next.Phase == RolloutPhase.Failed)
        {
            _patience.TellOnce($"goes back to {RolloutText.Of(next.Wished)}");
            var state = await _patience.TryAsync(() => applied.WaitAsync(next, written.Revision, cancellationToken), cancellationToken).ConfigureAwait(false);
            _patience.TellOnce(state.IsApplied ? "these shares are in force on every proxy" : $"these shares are written, and NOT known to be applied: missing {RolloutApplied.MissingOf(state)}");
        }
    }

    /// <summary>Leaves it where it is. What does not succeed is left to whoever takes over.</summary>
    private async Task<RolloutView> PauseAsync(RolloutView last, string id)
    {
        using var patience = new CancellationTokenSource(Farewell, timeProvider);
        try
        {
            var view = await _rollouts.ReadAsync(last.Set, patience.Token).ConfigureAwait(false);
            if (view.Rollout is { Phase: RolloutPhase.Running } rollout && rollout.Id == id && RolloutMachine.Next(rollout, RolloutEvent.Interrupted, $"its runner on {Environment.MachineName} was stopped", timeProvider.GetUtcNow(), out _) is { } paused)
            {
                var written = await _rollouts.WriteAsync(view, paused, by, "rollout paused", key.Revision, patience.Token).ConfigureAwait(false);
                return written.IsWritten ? view with { Rollout = paused, ModRevision = written.Revision } : await _rollouts.ReadAsync(last.Set, patience.Token).ConfigureAwait(false);
            }

            return view;
        }
        catch (Exception exception) when (exception is EtcdUnreachableException or OperationCanceledException)
        {
            return last;
        }
    }

    private static string Said(Rollout rollout) => rollout.Message is { } message ? $" ({SafeText.Shorten(message, MemberValidation.MaxReasonLength)})" : string.Empty;
}
