using KamRpcDispatcher.Plan;

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
    private readonly Dictionary<int, HashSet<string>> _routable = table.Destinations
        .Where(static entry => entry.IsRoutable)
        .GroupBy(static entry => entry.Set)
        .ToDictionary(static set => set.Key, static set => set.Select(static entry => entry.Uri).ToHashSet());

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
        return new PushOutcome(_applied, isBusy, _refused) { Objections = [.. _objections], Deferred = [.. _disables] };
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

        return true;
    }

    private async Task ShrinkAsync()
    {
        foreach (var silencing in plan.Silencings)
        {
            if (await ChangeStructureAsync(silencing).ConfigureAwait(false) == Step.Later)
            {
                return;
            }
        }

        foreach (var replacement in plan.Replacements)
        {
            // Where one is refused the next may be as well, and nothing is taken away meanwhile.
            if (await ReplaceAsync(replacement).ConfigureAwait(false) != Step.Made)
            {
                return;
            }
        }

        foreach (var remove in plan.Removes)
        {
            if (await ChangeStructureAsync(remove).ConfigureAwait(false) == Step.Later)
            {
                return;
            }
        }
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

        foreach (var remove in replacement.Removes)
        {
            if (await ChangeStructureAsync(remove).ConfigureAwait(false) == Step.Later)
            {
                return Step.Later;
            }
        }

        return Step.Made;
    }

    /// <summary>Makes a structural change after the grace period of the one before.</summary>
    private async Task<Step> ChangeStructureAsync(Change change)
    {
        if (_hasDisabled)
        {
            // Somebody may wait for the silence: it is read back before the next grace period is waited for.
            return Step.Later;
        }

        if (await executor.ObjectionAsync(change, table, cancellationToken).ConfigureAwait(false) is { } objection)
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

        return await ApplyAsync(change).ConfigureAwait(false) ? Step.Made : Step.Refused;
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
        if (objection.Scope == ObjectionScope.Change && change is AddDestination add)
        {
            executor.NotSent(add, objection.Text);
        }

        return Step.Refused;
    }

    /// <summary>Makes the disables that leave somebody in their set, or whose set has no add to wait for.</summary>
    private async Task DisableAsync()
    {
        foreach (var disable in _disables.ToList())
        {
            if (LeavesSomebody(disable) || !_adds.Exists(add => add.Set == disable.Set))
            {
                _disables.Remove(disable);
                _hasDisabled |= await ApplyAsync(disable).ConfigureAwait(false);
            }
        }
    }

    private bool LeavesSomebody(DisableDestination disable) =>
        Routable(disable.Set) is var routable && routable.Count > (routable.Contains(disable.Uri) ? 1 : 0);

    private HashSet<string> Routable(int set) => _routable.TryGetValue(set, out var uris) ? uris : _routable[set] = [];

    private async Task<bool> ApplyAsync(Change change)
    {
        if (!await executor.ApplyAsync(change, table.Version, cancellationToken).ConfigureAwait(false))
        {
            _refused++;
            return false;
        }

        _applied++;
        if (change is EnableDestination { IsRoutable: true } or AddDestination { IsRoutable: true })
        {
            Routable(change.Set).Add(change.Uri);
        }
        else if (change is RemoveDestination or DisableDestination)
        {
            Routable(change.Set).Remove(change.Uri);
        }

        return true;
    }
}
