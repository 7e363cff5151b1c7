using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Claim;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Carries out plans so that Kamailio is never hurt: one call at a time, structural changes a grace period apart, and nothing believed
/// that was not read back.
/// </summary>
internal sealed class SafePush(IDispatcher dispatcher, IGracePeriod gracePeriod, Quarantine quarantine, ILogger<SafePush> logger, IClaim? claim = null)
{
    /// <summary>How long a push that has changed nothing yet waits on although a newer plan is due, so that there is progress under any storm of events.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    private readonly ReadBack _readBack = new();

    // A push that broke off, or a daemon before this one, may have made a structural change a moment ago.
    private bool _mayHaveChanged = true;

    /// <summary>
    /// Compares what was added since the last reading with the list: an answer of "Ok" proves nothing. Where Kamailio has replaced its table
    /// since, by a change of ours or by an operator's reload, the grace period runs from here.
    /// </summary>
    public void Verify(DispatcherTable table)
    {
        var (isReplaced, listed, missing) = _readBack.Compare(table);
        if (isReplaced)
        {
            gracePeriod.Begin();
        }

        foreach (var add in listed)
        {
            quarantine.Release(add);
        }

        foreach (var add in missing)
        {
            PushLog.NotListed(logger, add.Set, add.Uri, quarantine.Refuse(add, "accepted, but not listed"));
        }
    }

    /// <summary>
    /// Carries out a plan made from <paramref name="table"/>, until done or until <paramref name="interrupted"/> completes: then a newer plan
    /// is due, and a grace period is not worth waiting for. State changes are always made, and so is one structural change if its time has come.
    /// </summary>
    /// <exception cref="KamailioRpcException">The outcome of a change is unknown: read the list and plan again.</exception>
    public async Task<PushOutcome> PushAsync(ChangePlan plan, DispatcherTable table, Task interrupted, CancellationToken cancellationToken)
    {
        if (_mayHaveChanged)
        {
            gracePeriod.Begin();
        }

        _mayHaveChanged = true;
        var run = new PushRun(plan, table, ApplyAsync, token => table.Version.NeedsGracePeriod ? WaitAsync(interrupted, token) : Task.FromResult(true));
        var outcome = await run.RunAsync(cancellationToken).ConfigureAwait(false);
        _mayHaveChanged = false;
        return outcome;
    }

    /// <summary>Waits for the grace period; false when interrupted before its end, or when its end is not in sight.</summary>
    private async Task<bool> WaitAsync(Task interrupted, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wait = gracePeriod.WaitAsync(waiting.Token);
        if (wait.IsCompletedSuccessfully)
        {
            return wait.Result;
        }

        var ended = wait.AsTask();
        if (await Task.WhenAny(ended, interrupted).ConfigureAwait(false) != ended)
        {
            await Task.WhenAny(ended, Task.Delay(Patience, waiting.Token)).ConfigureAwait(false);
        }

        if (!ended.IsCompleted)
        {
            await waiting.CancelAsync().ConfigureAwait(false);
            await ((Task)ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }

        return await ended.ConfigureAwait(false);
    }

    /// <summary>Makes one change; false when Kamailio refused it.</summary>
    private async Task<bool> ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        if (change.IsStructural && claim is not null)
        {
            await claim.ConfirmAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await dispatcher.ApplyAsync(change, version, cancellationToken).ConfigureAwait(false);
            PushLog.Applied(logger, change);
            _readBack.Changed(change);
            return true;
        }
        catch (KamailioFaultException fault)
        {
            if (change is AddDestination add)
            {
                PushLog.AddRefused(logger, add.Set, add.Uri, fault.Message, quarantine.Refuse(add, fault.FaultMessage));
            }
            else
            {
                PushLog.ChangeRefused(logger, change, fault.Message);
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
}
