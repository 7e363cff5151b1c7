using KamailioRpc.Errors;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Pace;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch;

/// <summary>Keeps one Kamailio equal to the membership.</summary>
/// <remarks>Level-triggered: an event only says "read again", and each cycle plans from whole snapshots, so that lost, repeated or reordered events do no harm. Ten changes during a push are one next cycle.</remarks>
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
/// <param name="follows">Told the revision of what is changed before the list is read; null for nobody.</param>
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
    WakeSignal? wake = null,
    Action<long>? follows = null)
{
    private readonly WakeSignal _wake = wake ?? new();
    private readonly PanicHolds _panic = new(options.Panic, timeProvider, policy.Manages);
    private readonly CycleMemory _memory = new(policy, quarantine, options, timeProvider);
    private readonly TroubleTracker _troubles = new(timeProvider);
    private readonly ServedSets _sets = new(policy);
    private KnownListPush? _known;
    private CycleRest? _rest;
    private volatile bool _isDoubtful;
    private bool _isUnread;

    private CycleRest Resting => _rest ??= new(options, _memory, timeProvider);

    private KnownListPush Known => _known ??= new(policy, _memory, executor, shares, Resting.Pace, follows);

    /// <summary>Runs until cancelled, through every outage of the store and of Kamailio.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = journal.KeepRunningAsync("following the members", token => source.RunAsync(_wake.Raise, token), life.Token);
        var watching = journal.KeepRunningAsync("looking for reloads", token => sentinel.RunAsync(Doubt, token), life.Token);
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

    /// <summary>The cycle is the unit of failure: what is unexpected in it is logged, and the next one begins anew after a pause that no event cuts short. That another daemon serves this Kamailio ends the loop.</summary>
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
        _isUnread = false;
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
            return Resting.AfterFailure(exception, dispatcher.Unanswered);
        }
        finally
        {
            journal.Troubles(_isUnread ? _troubles.Last : _troubles.Take());
        }
    }

    private async Task<TimeSpan> CycleAsync(Membership membership, CancellationToken cancellationToken)
    {
        var (members, doubt) = _panic.Followed(membership);
        var wait = _isDoubtful ? default : await Known.PushEarlyAsync(members, dispatcher, _wake.Raised, cancellationToken).ConfigureAwait(false);
        if (_isUnread = wait > TimeSpan.Zero)
        {
            // What else changes meanwhile goes out too, and is read back with it.
            return wait < doubt ? wait : doubt;
        }

        (var isKnown, _isDoubtful) = (!_isDoubtful, false);
        var meanwhile = new Meanwhile(dispatcher, () => isKnown && !_isDoubtful && source.Current is { } now ? _panic.Followed(now).Members : null, _wake);
        DispatcherTable table;
        try
        {
            table = await Known.ReadAsync(meanwhile, cancellationToken).ConfigureAwait(false);
            (members, doubt) = _panic.Followed(membership = source.Current ?? membership);
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

            await Known.PushBlindlyAsync(members, known, _wake.Raised, cancellationToken).ConfigureAwait(false);
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

        var followed = members = PanicGuard.WithoutStrangers(members, table.Destinations, policy.Cluster);
        contact?.Read();
        _troubles.Reached();
        Resting.Reached();
        await executor.PrepareAsync(table, cancellationToken).ConfigureAwait(false);
        foreign.Observe(table, executor.Verify(table));
        sentinel.Observe(table);
        _memory.Observe(table);
        journal.Kept(members.Doubted, members.Held, options.Panic);
        var made = executor.TakeMade();
        var current = _memory.PolicyFor(table);
        (members, var shared) = shares is null ? (members, CycleShares.None) : await shares.ShareAsync(members, table, current.Refuses, cancellationToken).ConfigureAwait(false);
        (membership, current) = (members.Membership, shared.PolicyOf(current));
        await Known.PushAsync(meanwhile, cancellationToken).ConfigureAwait(false);
        var plan = _memory.Restrain(KnownListPush.Allowed(membership, Planner.Plan(members.All, table.Destinations, current)), made, members.All, table);
        _troubles.Meet(plan, table.Unreadable, Orphan.In(table.Destinations, policy), foreign.Losses, executor.BootListTrouble, SourceTroubles.Of(members, policy));
        var deserted = _sets.Observe(members.All, table);

        // Before the plan is carried out: a map names a class as long as its members are there, and no longer.
        var areShared = shares is null || await shares.WriteAsync(shared, _troubles, cancellationToken).ConfigureAwait(false);
        await Known.PushAsync(meanwhile, cancellationToken).ConfigureAwait(false);
        journal.Compared(DeviationFinder.Compare(new CycleView(membership, members.Held, table, plan, current)
        {
            Doubted = members.Doubted,
            Refusals = quarantine.ByDestination(),
            Removals = _memory.Removals,
            Hold = options.Panic.Hold,
            Deserted = deserted,
            Classes = shares?.NamedClasses(membership.Shares),
        }));
        await Known.PushAsync(meanwhile, cancellationToken).ConfigureAwait(false);
        journal.Planned(membership, table, plan, areShared, shared.Situation, _troubles.Planned());
        plan = plan with { Restores = foreign.Due() };
        observe?.Invoke(new CycleSituation(membership, members.Kept, table, plan, _memory.AwaitingProof) { Deserted = deserted, OwesLater = _memory.OwesRemovals || !foreign.Losses.IsEmpty });
        Known.Planned(followed, table, sentinel.IsThere);
        var resync = Resting.WithoutChange(plan.Drift == 0 && members.Kept.Count == 0 && foreign.Losses.IsEmpty && _memory.AwaitingProof.IsEmpty, shared, doubt);
        if (plan.IsEmpty)
        {
            return resync;
        }

        var outcome = await executor.ExecuteAsync(plan, table, _wake.Raised, cancellationToken).ConfigureAwait(false);
        foreign.Sent(outcome.Restored);
        _troubles.Meet(outcome, executor.Grace);
        journal.Pushed(outcome);
        return Resting.AfterPush(plan, outcome, _wake.Raised.IsCompleted, resync);
    }

    /// <summary>The list may be another one by now: nothing is planned before it is read.</summary>
    private void Doubt()
    {
        _isDoubtful = true;
        _wake.Raise();
    }
}
