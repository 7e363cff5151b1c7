using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push.Boot;
using KamRpcDispatcher.Push.Guards;

namespace KamRpcDispatcher.Push;

/// <summary>
/// One plan being carried out, phase by phase. State changes cost Kamailio nothing, so a disable does not sit out the grace periods of the
/// adds, unless its set would have nobody left to take a call; and what is silent then is read back before anything else is waited for.
/// </summary>
internal sealed class PlanExecution(PlanExecutor executor, ChangePlan plan, DispatcherTable table, Task interrupted, CancellationToken cancellationToken)
{
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
            if (!await ReloadAsync().ConfigureAwait(false) && await AddAsync().ConfigureAwait(false))
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

    /// <summary>Where the changes are very many: all by one. False where they are made one by one.</summary>
    private async Task<bool> ReloadAsync()
    {
        if (await executor.PrepareBulkAsync(plan, table, cancellationToken).ConfigureAwait(false) is not { } change)
        {
            return false;
        }

        if (EndsForReading() || !await IsGraceEndedAsync().ConfigureAwait(false))
        {
            return true;
        }

        var result = await executor.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
        _applied += result == BulkResult.Made ? change.Changes.Count : 0;
        return result != BulkResult.Failed;
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
        if (EndsForReading())
        {
            return Step.Later;
        }

        var (isLater, objection) = await GuardExamination.RunAsync(token => executor.ObjectionAsync(change, _staying.Value, token), interrupted, cancellationToken).ConfigureAwait(false);
        if (isLater)
        {
            return Step.Later;
        }

        if (objection is not null)
        {
            return Object(change, objection);
        }

        if (!await IsGraceEndedAsync().ConfigureAwait(false))
        {
            return Step.Later;
        }

        // A removal that Kamailio refuses is a sign of something else, such as no memory: nothing more is taken away.
        return await ApplyAsync(change).ConfigureAwait(false) ? Step.Made : change is RemoveDestination ? Step.Later : Step.Refused;
    }

    /// <summary>Somebody may wait for the silence: it is read back before the next grace period is waited for.</summary>
    private bool EndsForReading() => executor.HasEndedForReading |= _hasDisabled && _mayEndForReading;

    private async Task<bool> IsGraceEndedAsync()
    {
        if (!table.Version.NeedsGracePeriod)
        {
            return true;
        }

        var wait = executor.WaitForGrace(cancellationToken);
        await using var owned = wait.ConfigureAwait(false);
        return await wait.IsEndedAsync(interrupted).ConfigureAwait(false);
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
