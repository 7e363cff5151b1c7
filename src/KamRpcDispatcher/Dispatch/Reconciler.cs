using KamailioRpc.Errors;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch;

/// <summary>
/// Keeps one Kamailio equal to the membership. Level-triggered: an event only says "read again", and each cycle plans from whole
/// snapshots, so that lost, repeated or reordered events do no harm. Ten changes during a push are one next cycle.
/// </summary>
/// <param name="source">The membership.</param>
/// <param name="dispatcher">Kamailio.</param>
/// <param name="executor">The way to change it.</param>
/// <param name="quarantine">What Kamailio refuses.</param>
/// <param name="policy">What the planner goes by.</param>
/// <param name="journal">Tells what comes of it.</param>
/// <param name="options">How often, and how careful.</param>
/// <param name="sentinel">Takes note of each reading.</param>
/// <param name="prepare">Done before each cycle.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="foreign">What is not ours and was lost by our changes.</param>
/// <param name="expect">Told how long the loop rests at most, so that one that hangs is noticed.</param>
/// <param name="claim">The right to change this Kamailio, null where nobody else can be there.</param>
/// <param name="observe">Told what each cycle saw, before it changes anything.</param>
/// <param name="contact">Told whether the list could be read; null for nobody.</param>
/// <param name="before">Tells the source who was in the list at the start; null for nobody.</param>
/// <param name="shares">Keeps Kamailio's share maps; null where sets have no shares.</param>
/// <param name="wake">Raised where something may have changed; null for one that only the reconciler itself raises.</param>
internal sealed class Reconciler(
    IMembershipSource source,
    IDispatcher dispatcher,
    PlanExecutor executor,
    Quarantine quarantine,
    PlanPolicy policy,
    CycleLog journal,
    ReconcilerOptions options,
    SentinelWatch sentinel,
    Action prepare,
    TimeProvider timeProvider,
    ForeignMemory foreign,
    Action<TimeSpan>? expect = null,
    IClaim? claim = null,
    Action<CycleSituation>? observe = null,
    ContactWatch? contact = null,
    ListedBefore? before = null,
    ShareKeeper? shares = null,
    WakeSignal? wake = null)
{
    private readonly WakeSignal _wake = wake ?? new();
    private readonly CycleMemory _memory = new(policy, quarantine, options, timeProvider);
    private readonly TroubleTracker _troubles = new(timeProvider);
    private readonly ServedSets _sets = new(policy);
    private readonly Backoff _retries = new();

    /// <summary>Something may have changed: read again now.</summary>
    public void Wake() => _wake.Raise();

    /// <summary>Runs until cancelled, through every outage of the store and of Kamailio.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = journal.KeepRunningAsync("following the members", token => source.RunAsync(_wake.Raise, token), life.Token);
        var watching = journal.KeepRunningAsync("looking for reloads", token => sentinel.RunAsync(_wake.Raise, token), life.Token);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await CycleAndRestAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>
    /// The cycle is the unit of failure: whatever is unexpected in it is logged, and the next one begins with fresh snapshots after a pause that
    /// no event cuts short. Only that another daemon serves this Kamailio ends the loop.
    /// </summary>
    private async Task CycleAndRestAsync(CancellationToken cancellationToken)
    {
        try
        {
            var rest = await CycleAsync(cancellationToken).ConfigureAwait(false);
            journal.CycleDone();
            if (rest > TimeSpan.Zero)
            {
                expect?.Invoke(rest);
                await Task.WhenAny(_wake.Raised, Task.Delay(rest, timeProvider, cancellationToken)).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
        {
            var pause = journal.CycleFailed(exception);
            expect?.Invoke(pause);
            await Task.Delay(pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>One cycle: read both sides, plan, push. Answers how long nothing needs to be read again, if nothing wakes it.</summary>
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
            await (claim?.EnsureAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            return await CycleAsync(membership, cancellationToken).ConfigureAwait(false);
        }
        catch (KamailioRpcException exception)
        {
            contact?.NotRead(ContactReason.Of(exception));
            _troubles.Meet(exception, dispatcher.Unanswered);
            journal.Failed(exception);
            return dispatcher.Unanswered is { IsWriterStuck: true } ? options.StuckRetry : exception.IsTransient ? RetryAfter(exception) : options.Resync;
        }
        finally
        {
            journal.Troubles(_troubles.Take());
        }
    }

    private async Task<TimeSpan> CycleAsync(Membership membership, CancellationToken cancellationToken)
    {
        var (doubted, doubt) = PanicGuard.Doubted(membership, timeProvider.Mark(), policy.Manages);
        var members = CycleMembers.Of(membership, [.. PanicGuard.Held(membership, options.Panic, timeProvider.Mark()).Where(member => policy.Manages(member.Key.Set))], doubted);
        DispatcherTable table;
        try
        {
            table = await dispatcher.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ListTooLongException exception) when (exception.LastKnown is { } known)
        {
            // Blind, but whoever is to get no calls any more is known.
            contact?.NotRead(ContactReason.Of(exception));
            _troubles.Meet(exception, dispatcher.Unanswered);
            journal.Failed(exception);
            if (before?.Observe(membership, known) == true)
            {
                return TimeSpan.Zero;
            }

            var blindly = _memory.PolicyFor(known);
            var (silenced, blind) = shares is null ? (members, CycleShares.None) : await shares.ShareAsync(members, known, blindly.Refuses, cancellationToken).ConfigureAwait(false);
            var states = Allowed(membership, Planner.Plan(silenced.All, known.Destinations, blind.PolicyOf(blindly))).StatesOnly();
            await executor.ExecuteAsync(states, known, _wake.Raised, cancellationToken).ConfigureAwait(false);
            return options.Resync;
        }

        if (!table.Version.HasAttributes)
        {
            contact?.NotRead($"its version {table.Version} takes no attributes over RPC, so that nothing is changed: Kamailio 5.4 or later is needed");
            journal.Unsupported(table.Version);
            return options.Resync;
        }

        if (before?.Observe(membership, table) == true)
        {
            // All is planned with those, from the beginning.
            return TimeSpan.Zero;
        }

        members = members with { Held = PanicGuard.WithoutStrangers(members.Held, membership, table.Destinations, policy.Cluster) };
        contact?.Read();
        _troubles.Reached();
        _retries.Reset();
        await executor.PrepareAsync(table, cancellationToken).ConfigureAwait(false);
        foreign.Observe(table, executor.Verify(table));
        sentinel.Observe(table);
        _memory.Observe(table);
        journal.Kept(members.Doubted, members.Held, options.Panic);
        var made = executor.TakeMade();
        var current = _memory.PolicyFor(table);
        (members, var shared) = shares is null ? (members, CycleShares.None) : await shares.ShareAsync(members, table, current.Refuses, cancellationToken).ConfigureAwait(false);
        (membership, current) = (members.Membership, shared.PolicyOf(current));
        var plan = _memory.Restrain(Allowed(membership, Planner.Plan(members.All, table.Destinations, current)), made, members.All, table);
        _troubles.Meet(plan);
        _troubles.Meet(table.Unreadable);
        _troubles.Meet(Orphan.In(table.Destinations, policy));
        _troubles.Meet(foreign.Losses);
        var deserted = _sets.Observe(members.All, table);
        journal.Compared(DeviationFinder.Compare(new CycleView(membership, members.Held, table, plan, current)
        {
            Doubted = members.Doubted,
            Refusals = quarantine.ByDestination(),
            Removals = _memory.Removals,
            Hold = options.Panic.Hold,
            Deserted = deserted,
        }));

        // Before the plan is carried out: a map names a class as long as its members are there, and no longer.
        var areShared = shares is null || await shares.WriteAsync(shared, _troubles, cancellationToken).ConfigureAwait(false);
        journal.Planned(membership, table, plan, areShared, shared.Situation);
        plan = plan with { Restores = foreign.Due() };
        observe?.Invoke(new CycleSituation(membership, members.Kept, table, plan, _memory.AwaitingProof) { Deserted = deserted, OwesLater = _memory.OwesRemovals || !foreign.Losses.IsEmpty });
        var resync = shared.Rest(doubt < options.Resync ? doubt : options.Resync);
        if (plan.IsEmpty)
        {
            return resync;
        }

        var outcome = await executor.ExecuteAsync(plan, table, _wake.Raised, cancellationToken).ConfigureAwait(false);
        foreign.Sent(outcome.Restored);
        _troubles.Meet(outcome);
        _troubles.Meet(executor.Grace);
        return Rest(plan, outcome, resync);
    }

    private static ChangePlan Allowed(Membership membership, ChangePlan plan) => membership.IsFromSnapshot ? plan.AdditionsOnly() : plan;

    /// <summary>One that is not there may be from one moment to the next. One that is, and answers what is no answer, goes on doing so as a rule.</summary>
    private TimeSpan RetryAfter(KamailioRpcException exception) =>
        exception is KamailioUnreachableException || (_retries.Next() is var pause && pause < options.Retry) ? options.Retry
        : pause < options.Resync ? pause
        : options.Resync;

    private TimeSpan Rest(ChangePlan plan, PushOutcome outcome, TimeSpan resync)
    {
        var makesRoom = _memory.Pushed(plan, outcome);
        if (outcome.IsBusy)
        {
            journal.Busy();
            return options.BusyRetry;
        }

        // What was changed is read back at once. A push that only met refusals has nothing to read back, and must not spin.
        return outcome.Applied > 0 || _wake.Raised.IsCompleted || makesRoom ? TimeSpan.Zero : resync;
    }
}
