using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Rpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Push;

/// <summary>
/// Carries out plans so that Kamailio is never hurt: one call at a time, structural changes a grace period apart, and nothing believed
/// that was not read back.
/// </summary>
internal sealed class SafePush(IDispatcher dispatcher, IGracePeriod gracePeriod, Quarantine quarantine, ILogger<SafePush> logger)
{
    private readonly List<AddDestination> _unverified = [];

    // A push that broke off, or a daemon before this one, may have made a structural change a moment ago.
    private bool _mayHaveChanged = true;

    /// <summary>Compares what was added since the last reading with the list: an answer of "Ok" proves nothing.</summary>
    public void Verify(DispatcherTable table)
    {
        var listed = table.Destinations.Select(static entry => (entry.Set, entry.Uri)).ToHashSet();
        foreach (var add in _unverified)
        {
            if (listed.Contains((add.Set, add.Uri)))
            {
                quarantine.Release(add);
            }
            else
            {
                PushLog.NotListed(logger, add.Set, add.Uri, quarantine.Refuse(add));
            }
        }

        _unverified.Clear();
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
        var run = new PushRun(plan, table, ApplyAsync, token => WaitAsync(interrupted, token));
        var outcome = await run.RunAsync(cancellationToken).ConfigureAwait(false);
        _mayHaveChanged = false;
        return outcome;
    }

    /// <summary>Waits for the grace period; false when interrupted before its end.</summary>
    private async Task<bool> WaitAsync(Task interrupted, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wait = gracePeriod.WaitAsync(waiting.Token);
        if (wait.IsCompletedSuccessfully)
        {
            return true;
        }

        var ended = wait.AsTask();
        if (await Task.WhenAny(ended, interrupted).ConfigureAwait(false) == ended)
        {
            await ended.ConfigureAwait(false);
            return true;
        }

        await waiting.CancelAsync().ConfigureAwait(false);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return false;
    }

    /// <summary>Makes one change; false when Kamailio refused it.</summary>
    private async Task<bool> ApplyAsync(Change change, KamailioVersion version, CancellationToken cancellationToken)
    {
        try
        {
            await dispatcher.ApplyAsync(change, version, cancellationToken).ConfigureAwait(false);
            PushLog.Applied(logger, change);
            if (change is AddDestination add)
            {
                _unverified.Add(add);
            }

            return true;
        }
        catch (KamailioFaultException fault)
        {
            if (change is AddDestination add)
            {
                PushLog.AddRefused(logger, add.Set, add.Uri, fault.Message, quarantine.Refuse(add));
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
