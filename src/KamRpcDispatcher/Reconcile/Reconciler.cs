using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Rpc;

namespace KamRpcDispatcher.Reconcile;

/// <summary>
/// Keeps one Kamailio equal to the membership. Level-triggered: an event only says "look again", and each cycle plans from whole
/// snapshots, so that lost, repeated or reordered events do no harm. Ten changes during a push are one next cycle.
/// </summary>
internal sealed class Reconciler(
    IMembershipSource source,
    IDispatcher dispatcher,
    SafePush push,
    PlanPolicy policy,
    CycleJournal journal,
    ReconcilerOptions options,
    TimeProvider timeProvider)
{
    private readonly WakeSignal _wake = new();

    /// <summary>Runs until cancelled, through every outage of the store and of Kamailio.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = source.RunAsync(_wake.Raise, life.Token);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var rest = await CycleAsync(cancellationToken).ConfigureAwait(false);
                if (following.IsCompleted)
                {
                    await following.ConfigureAwait(false);
                }

                if (rest > TimeSpan.Zero)
                {
                    await Task.WhenAny(_wake.Raised, following, Task.Delay(rest, timeProvider, cancellationToken)).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>One look: read both sides, plan, push. Answers how long nothing needs to be looked at again, if nothing wakes it.</summary>
    private async Task<TimeSpan> CycleAsync(CancellationToken cancellationToken)
    {
        _wake.Take();
        var membership = source.Current;
        if (membership is null)
        {
            journal.WaitingForStore();
            return options.Resync;
        }

        try
        {
            var table = await dispatcher.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (!table.Version.HasAttributes)
            {
                journal.Unsupported(table.Version);
                return options.Resync;
            }

            push.Verify(table);
            var plan = Planner.Plan(membership.Members, table.Destinations, policy with { HasPriorities = table.Version.HasPriorities });
            journal.Planned(membership, table, plan);
            return plan.IsEmpty ? options.Resync : Rest(await push.PushAsync(plan, table, _wake.Raised, cancellationToken).ConfigureAwait(false));
        }
        catch (KamailioRpcException exception)
        {
            journal.Failed(exception);
            return exception.IsTransient ? options.Retry : options.Resync;
        }
    }

    private TimeSpan Rest(PushOutcome outcome)
    {
        if (outcome.IsBusy)
        {
            journal.Busy();
            return options.BusyRetry;
        }

        // What was changed is read back at once. A push that only met refusals has nothing to read back, and must not spin.
        return outcome.Applied > 0 || _wake.Raised.IsCompleted ? TimeSpan.Zero : options.Resync;
    }
}
