using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Boot;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Carries out plans so that Kamailio is never hurt: one call at a time, structural changes a grace period apart, and nothing believed
/// that was not read back.
/// </summary>
/// <param name="dispatcher">Kamailio.</param>
/// <param name="gracePeriod">Says when the next structural change may be made.</param>
/// <param name="quarantine">Takes what Kamailio refuses.</param>
/// <param name="guards">Have a say before each structural change.</param>
/// <param name="logger">Where to log.</param>
/// <param name="claim">The right to change this Kamailio, null where nobody else can be there.</param>
/// <param name="timeProvider">The clock, null for the system's.</param>
/// <param name="bulk">Makes many changes at once; null where all are made one by one.</param>
internal sealed class PlanExecutor(
    IDispatcher dispatcher,
    IGracePeriod gracePeriod,
    Quarantine quarantine,
    IReadOnlyList<IChangeGuard> guards,
    ILogger<PlanExecutor> logger,
    IClaim? claim = null,
    TimeProvider? timeProvider = null,
    BulkReload? bulk = null)
{
    /// <summary>Name servers come back, and a query of them costs Kamailio nothing.</summary>
    private static readonly TimeSpan LongestWaitForName = TimeSpan.FromSeconds(30);

    private readonly ChangeLog _log = new(logger, timeProvider ?? TimeProvider.System);
    private readonly ReadBack _readBack = new();
    private readonly List<Change> _made = [];

    /// <summary>Those that were made before the list was read, and are to be seen in it.</summary>
    private readonly List<Change> _madeBefore = [];

    // A push that broke off, or a daemon before this one, may have made a structural change a moment ago.
    private bool _mayHaveChanged = true;
    private KamailioInstance? _preparedFor;

    /// <summary>Whether the last execution ended before its structural changes, so that what it had silenced is read back.</summary>
    internal bool HasEndedForReading { get; set; }

    /// <summary>What keeps a start of Kamailio from having what it has now; null for nothing.</summary>
    public string? BootListTrouble => bulk?.Trouble;

    /// <summary>How the grace period stands.</summary>
    public GraceState Grace => gracePeriod.State;

    /// <summary>The list is being read: what is made from here on need not be in it.</summary>
    public void Reading()
    {
        _madeBefore.AddRange(_made);
        _made.Clear();
    }

    /// <summary>What was changed before the list was read, and since it was asked for last; or may have been where an execution broke off.</summary>
    public IReadOnlyList<Change> TakeMade()
    {
        List<Change> made = [.. _madeBefore];
        _madeBefore.Clear();
        return made;
    }

    /// <summary>Nobody asks for what was changed until here.</summary>
    public void ForgetMade()
    {
        _madeBefore.Clear();
        _made.Clear();
    }

    /// <summary>Once for each life of Kamailio, when it was reached: its first structural change is not to wait for this.</summary>
    public async ValueTask PrepareAsync(DispatcherTable table, CancellationToken cancellationToken)
    {
        if (_preparedFor != table.Instance)
        {
            _preparedFor = table.Instance;
            await gracePeriod.PrepareAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Compares what was added since the last reading with the list: an answer of "Ok" proves nothing. Where Kamailio has replaced its table
    /// since, by a change of ours or by an operator's reload, the grace period runs from here.
    /// </summary>
    public ReadBackResult Verify(DispatcherTable table)
    {
        var result = _readBack.Compare(table);
        var (isReplaced, isWiped, listed, missing) = result;
        bulk?.Verify(table);
        if (isReplaced)
        {
            gracePeriod.Begin();
        }

        if (isWiped)
        {
            // Whatever was made is to be made again, and that is no repetition.
            ForgetMade();
        }

        foreach (var add in listed)
        {
            quarantine.Release(add);
        }

        foreach (var add in missing)
        {
            NotListed(add);
        }

        return result;
    }

    /// <summary>
    /// Carries out a plan made from <paramref name="table"/>, until done or until <paramref name="interrupted"/> completes: then a newer plan
    /// is due, and a grace period is not worth waiting for. State changes are always made, and so is one structural change if its time has come.
    /// </summary>
    /// <exception cref="KamailioRpcException">The outcome of a change is unknown: read the list and plan again.</exception>
    public async Task<PushOutcome> ExecuteAsync(ChangePlan plan, DispatcherTable table, Task interrupted, CancellationToken cancellationToken)
    {
        if (_mayHaveChanged)
        {
            gracePeriod.Begin();
        }

        _mayHaveChanged = true;
        var execution = new PlanExecution(this, plan, table, interrupted, cancellationToken);
        HasEndedForReading = false;
        var outcome = await execution.RunAsync().ConfigureAwait(false);
        _mayHaveChanged = false;
        return outcome;
    }

    /// <summary>What speaks against a structural change; null for nothing.</summary>
    internal async Task<Objection?> ObjectionAsync(Change change, DispatcherTable table, CancellationToken cancellationToken)
    {
        foreach (var guard in guards)
        {
            if (await guard.ExamineAsync(change, table, cancellationToken).ConfigureAwait(false) is { } objection)
            {
                return objection;
            }
        }

        return null;
    }

    /// <summary>What a plan is as one change; null where its changes are made one by one.</summary>
    internal Task<BulkChange?> PrepareBulkAsync(ChangePlan plan, DispatcherTable table, CancellationToken cancellationToken) =>
        bulk?.PrepareAsync(plan, table, (change, after) => ObjectionAsync(change, after, cancellationToken), cancellationToken) ?? Task.FromResult<BulkChange?>(null);

    /// <summary>Makes many changes at once.</summary>
    internal async Task<BulkResult> ApplyAsync(BulkChange change, CancellationToken cancellationToken)
    {
        await (claim?.ConfirmAsync(cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
        try
        {
            _readBack.Reloading();
            return await bulk!.MakeAsync(change, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gracePeriod.Begin();
        }
    }

    internal GraceWait WaitForGrace(CancellationToken cancellationToken) => new(gracePeriod, cancellationToken);

    /// <summary>Makes one change; false when Kamailio refused it.</summary>
    internal async Task<bool> ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        if (change.IsStructural && claim is not null)
        {
            await claim.ConfirmAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            _made.Add(change);
            _readBack.Sent(change);
            await dispatcher.ApplyAsync(change, version, cancellationToken).ConfigureAwait(false);
            _log.Applied(change);
            _readBack.Changed(change);
            return true;
        }
        catch (DispatcherBusyException)
        {
            _made.Remove(change);
            throw;
        }
        catch (KamailioUnsafeRequestException unsafeRequest)
        {
            // Not sent. It stays among what was made, so that it is tried ever more slowly.
            if (change is AddDestination add)
            {
                _log.AddRefused(add, unsafeRequest.Message, quarantine.Refuse(add, unsafeRequest.Message));
            }
            else
            {
                _log.ChangeRefused(change, unsafeRequest.Message);
            }

            return false;
        }
        catch (KamailioFaultException fault)
        {
            _made.Remove(change);
            if (change is AddDestination add)
            {
                _log.AddRefused(add, fault.Message, quarantine.Refuse(add, fault.FaultMessage));
            }
            else
            {
                _log.ChangeRefused(change, fault.Message);
            }

            return false;
        }
        finally
        {
            if (change.IsStructural)
            {
                gracePeriod.Begin();
            }
        }
    }

    /// <summary>Kamailio said that it added a destination, and has not.</summary>
    internal void NotListed(AddDestination add)
    {
        _readBack.Forget(add);
        _log.NotListed(add, quarantine.Refuse(add, "accepted, but not listed"));
    }

    /// <summary>A destination that would be refused, and was not sent for that reason.</summary>
    internal void NotSent(AddDestination add, Objection objection) => _log.NotSent(
        add, objection.Text, quarantine.Refuse(add, objection.Text, objection.Kind == AdditionGuard.NameKind ? LongestWaitForName : null));
}
