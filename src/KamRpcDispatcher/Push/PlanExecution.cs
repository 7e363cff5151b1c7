using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Guards;

namespace KamRpcDispatcher.Push;

/// <summary>
/// One plan being carried out, phase by phase. State changes cost Kamailio nothing, so a disable does not sit out the grace periods of the
/// adds, unless its set would have nobody left to take a call; and what is silent then is read back before anything else is waited for.
/// </summary>
internal sealed class PlanExecution(PlanExecutor executor, ChangePlan plan, DispatcherTable table, Task interrupted, CancellationToken cancellationToken)
{
    /// <summary>How long a check goes on although a newer plan is due, so that there is progress under any storm of events.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly List<AddDestination> _adds = [.. plan.Adds];
    private readonly List<DisableDestination> _disables = [.. plan.Disables];
    private readonly List<Objection> _objections = [];
    private readonly List<AddDestination> _restored = [];

    /// <summary>As it will be when those that are to get no calls any more get none: what the guards judge by.</summary>
    private readonly Lazy<DispatcherTable> _staying = new(() => table.After(plan), LazyThreadSafetyMode.None);
    private readonly RoutableSets _routable = new(table);

    /// <summary>Not twice in a row, so that there is progress where somebody is to be silenced in every plan.</summary>
    private readonly bool _mayEndForReading = !executor.HasEndedForReading;
    private int _applied;
    private int _refused;
    private bool _hasDisabled;

    private enum Step
    {
        /// <summary>Kamailio has taken it.</summary>
        Made,

        /// <summary>Kamailio refuses it, or would.</summary>
        Refused,

        /// <summary>Not now, and no other structural change either.</summary>
        Later,
    }

    public async Task<PushOutcome> RunAsync()
    {
        foreach (var enable in plan.Enables)
        {
            await ApplyAsync(enable).ConfigureAwait(false);
        }

        await DisableAsync().ConfigureAwait(false);
        var isBusy = false;
        try
        {
            if (await AddAsync().ConfigureAwait(false))
            {
                await ShrinkAsync().ConfigureAwait(false);
            }
        }
        catch (DispatcherBusyException)
        {
            isBusy = true;
        }

        await DisableAsync().ConfigureAwait(false);
        return new PushOutcome(_applied, isBusy, _refused) { Objections = [.. _objections], Deferred = [.. _disables], Restored = [.. _restored] };
    }

    /// <summary>False when no structural change is to follow.</summary>
    private async Task<bool> AddAsync()
    {
        foreach (var add in plan.Adds)
        {
            if (await ChangeStructureAsync(add).ConfigureAwait(false) == Step.Later)
            {
                return false;
            }

            _adds.Remove(add);
            await DisableAsync().ConfigureAwait(false);
        }

        return await ChangeAllAsync(plan.Restores).ConfigureAwait(false);
    }

    private async Task ShrinkAsync()
    {
        if (!await ChangeAllAsync(plan.Silencings).ConfigureAwait(false))
        {
            return;
        }

        foreach (var replacement in plan.Replacements)
        {
            // Where one is refused the next may be as well, and nothing is taken away meanwhile.
            if (await ReplaceAsync(replacement).ConfigureAwait(false) != Step.Made)
            {
                return;
            }
        }

        await ChangeAllAsync(plan.Removes).ConfigureAwait(false);
    }

    private async Task<bool> ChangeAllAsync(IReadOnlyList<Change> changes)
    {
        foreach (var change in changes)
        {
            if (await ChangeStructureAsync(change).ConfigureAwait(false) == Step.Later)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<Step> ReplaceAsync(Replacement replacement)
    {
        if (await ChangeStructureAsync(replacement.Add).ConfigureAwait(false) is var step and not Step.Made)
        {
            return step;
        }

        // Reads back, too: Kamailio knows no state of a destination that it has not added.
        if (replacement.Enable is { } enable && !await ApplyAsync(enable).ConfigureAwait(false))
        {
            executor.NotListed(replacement.Add);
            return Step.Refused;
        }

        foreach (var disable in replacement.Disables)
        {
            await ApplyAsync(disable).ConfigureAwait(false);
        }

        return await ChangeAllAsync(replacement.Removes).ConfigureAwait(false) ? Step.Made : Step.Later;
    }

    /// <summary>Makes a structural change after the grace period of the one before.</summary>
    private async Task<Step> ChangeStructureAsync(Change change)
    {
        if (_hasDisabled && _mayEndForReading)
        {
            // Somebody may wait for the silence: it is read back before the next grace period is waited for.
            executor.HasEndedForReading = true;
            return Step.Later;
        }

        var (isLater, objection) = await ExamineAsync(change).ConfigureAwait(false);
        if (isLater)
        {
            return Step.Later;
        }

        if (objection is not null)
        {
            return Object(change, objection);
        }

        if (table.Version.NeedsGracePeriod)
        {
            var wait = executor.WaitForGrace(cancellationToken);
            await using var owned = wait.ConfigureAwait(false);
            if (!await wait.IsEndedAsync(interrupted).ConfigureAwait(false))
            {
                return Step.Later;
            }
        }

        // A removal that Kamailio refuses is a sign of something else, such as no memory: nothing more is taken away.
        return await ApplyAsync(change).ConfigureAwait(false) ? Step.Made : change is RemoveDestination ? Step.Later : Step.Refused;
    }

    /// <summary>What speaks against a change. Whoever checks may wait for others, such as name servers; a newer plan waits a moment for that, and no more.</summary>
    private async Task<(bool IsLater, Objection? Objection)> ExamineAsync(Change change)
    {
        using var check = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var checking = executor.ObjectionAsync(change, _staying.Value, check.Token);
        try
        {
            if (!checking.IsCompleted && await Task.WhenAny(checking, interrupted).ConfigureAwait(false) != checking)
            {
                await Task.WhenAny(checking, Task.Delay(Patience, check.Token)).ConfigureAwait(false);
            }

            return checking.IsCompleted ? (false, await checking.ConfigureAwait(false)) : (true, null);
        }
        finally
        {
            await check.CancelAsync().ConfigureAwait(false);
            await ((Task)checking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Step Object(Change change, Objection objection)
    {
        if (!_objections.Contains(objection))
        {
            _objections.Add(objection);
        }

        if (objection.Scope == ObjectionScope.Structure)
        {
            return Step.Later;
        }

        _refused++;
        if (objection.Scope == ObjectionScope.Change && change is AddDestination add && !plan.Restores.Contains(add))
        {
            executor.NotSent(add, objection);
        }

        return Step.Refused;
    }

    /// <summary>Makes the disables that leave somebody in their set, or whose set has no add to wait for.</summary>
    private async Task DisableAsync()
    {
        foreach (var disable in _disables.ToList())
        {
            if (_routable.LeavesSomebody(disable) || !_adds.Exists(add => add.Set == disable.Set))
            {
                _disables.Remove(disable);
                _hasDisabled |= await ApplyAsync(disable).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> ApplyAsync(Change change)
    {
        if (change is AddDestination sent && plan.Restores.Contains(sent))
        {
            _restored.Add(sent);
        }

        if (!await executor.ApplyAsync(change, table.Version, cancellationToken).ConfigureAwait(false))
        {
            _refused++;
            return false;
        }

        _applied++;
        _routable.Changed(change);
        return true;
    }
}
