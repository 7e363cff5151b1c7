using KamailioRpc;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Reconcile;

/// <summary>
/// Keeps one Kamailio equal to the membership. Level-triggered: an event only says "look again", and each cycle plans from whole
/// snapshots, so that lost, repeated or reordered events do no harm. Ten changes during a push are one next cycle.
/// </summary>
/// <param name="source">The membership.</param>
/// <param name="dispatcher">Kamailio.</param>
/// <param name="executor">The way to change it.</param>
/// <param name="quarantine">What Kamailio refuses.</param>
/// <param name="policy">What the planner goes by.</param>
/// <param name="journal">Tells what comes of it.</param>
/// <param name="options">How often, and how careful.</param>
/// <param name="prepare">Done before each cycle.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="foreign">What is not ours and was lost by our changes.</param>
internal sealed class Reconciler(
    IMembershipSource source,
    IDispatcher dispatcher,
    PlanExecutor executor,
    Quarantine quarantine,
    PlanPolicy policy,
    CycleJournal journal,
    ReconcilerOptions options,
    Action prepare,
    TimeProvider timeProvider,
    ForeignMemory foreign)
{
    private readonly WakeSignal _wake = new();
    private readonly RemovalDelay _removals = new(options.RemovalDelay, timeProvider);
    private readonly VerdictMemory _verdicts = new(timeProvider);
    private readonly PlanBrake _brake = new(timeProvider);

    /// <summary>Something may have changed: look again now.</summary>
    public void Wake() => _wake.Raise();

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
        prepare();
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

            foreign.Observe(table, executor.Verify(table));
            _verdicts.Observe(table);
            var held = PanicGuard.Held(membership, options.Panic, timeProvider.GetUtcNow()).Where(member => policy.Manages(member.Key.Set)).ToList();
            journal.Held(held, options.Panic);
            var plan = _brake.Hold(Planner.Plan([.. membership.Members, .. held], table.Destinations, PolicyFor(table)), executor.TakeMade());
            _removals.Observe(plan);
            _verdicts.Observe(plan);
            journal.Planned(membership, table, plan);
            plan = plan with { Restores = foreign.Due() };
            if (plan.IsEmpty)
            {
                return options.Resync;
            }

            var outcome = await executor.ExecuteAsync(plan, table, _wake.Raised, cancellationToken).ConfigureAwait(false);
            foreign.Sent(outcome.Restored);
            return Rest(outcome);
        }
        catch (KamailioRpcException exception)
        {
            journal.Failed(exception);
            return exception.IsTransient ? options.Retry : options.Resync;
        }
    }

    private PlanPolicy PolicyFor(DispatcherTable table) => policy with
    {
        HasPriorities = table.Version.HasPriorities,
        Refused = quarantine.Held,
        DueForRemoval = _removals.Due(shortage: 0),
        ReusesPlaces = _removals.IsEndless,
        FoundDead = _verdicts.FoundDead,
        AwaitingProof = _verdicts.AwaitingProof,
    };

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
