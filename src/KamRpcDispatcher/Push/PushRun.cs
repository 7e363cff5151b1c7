using KamailioRpc.Commands;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>
/// One plan being carried out: enables, adds, disables, then replacements and removes. State changes cost Kamailio nothing, so a disable
/// does not sit out the grace periods of the adds before it, unless its set would have nobody left to take a call.
/// </summary>
internal sealed class PushRun
{
    private const int ProbingFlag = 8;

    private readonly KamailioVersion _version;
    private readonly Func<Change, KamailioVersion, CancellationToken, Task<bool>> _apply;
    private readonly Func<CancellationToken, Task<bool>> _graceEnds;
    private readonly List<EnableDestination> _enables;
    private readonly Queue<AddDestination> _adds;
    private readonly List<DisableDestination> _disables;
    private readonly Queue<Change> _shrinking;
    private readonly Dictionary<int, HashSet<string>> _routable;
    private int _applied;
    private int _refused;

    public PushRun(
        ChangePlan plan,
        DispatcherTable table,
        Func<Change, KamailioVersion, CancellationToken, Task<bool>> apply,
        Func<CancellationToken, Task<bool>> graceEnds)
    {
        _version = table.Version;
        _apply = apply;
        _graceEnds = graceEnds;
        _enables = [.. plan.Changes.OfType<EnableDestination>()];
        _disables = [.. plan.Changes.OfType<DisableDestination>()];
        _adds = new(plan.Changes.TakeWhile(static change => change is not RemoveDestination).OfType<AddDestination>());
        _shrinking = new(plan.Changes.SkipWhile(static change => change is not RemoveDestination));
        _routable = table.Destinations
            .Where(static entry => entry.IsRoutable)
            .GroupBy(static entry => entry.Set)
            .ToDictionary(static set => set.Key, static set => set.Select(static entry => entry.Uri).ToHashSet());
    }

    public async Task<PushOutcome> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var enable in _enables)
        {
            await ApplyAsync(enable, cancellationToken).ConfigureAwait(false);
        }

        var isBusy = false;
        try
        {
            if (await ChangeStructureAsync(_adds, cancellationToken).ConfigureAwait(false))
            {
                await DisableAsync(cancellationToken).ConfigureAwait(false);
                await ChangeStructureAsync(_shrinking, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (DispatcherBusyException)
        {
            isBusy = true;
            await DisableAsync(cancellationToken).ConfigureAwait(false);
        }

        return new PushOutcome(_applied, isBusy, _refused);
    }

    /// <summary>Makes structural changes a grace period apart; false when a newer plan is due first.</summary>
    private async Task<bool> ChangeStructureAsync<TChange>(Queue<TChange> changes, CancellationToken cancellationToken)
        where TChange : Change
    {
        while (changes.TryPeek(out var change))
        {
            var grace = _graceEnds(cancellationToken);
            if (!grace.IsCompleted)
            {
                await DisableAsync(cancellationToken).ConfigureAwait(false);
            }

            if (!await grace.ConfigureAwait(false))
            {
                return false;
            }

            await ApplyAsync(change, cancellationToken).ConfigureAwait(false);
            changes.Dequeue();
        }

        return true;
    }

    /// <summary>Makes the disables that leave somebody in their set, or whose set has no add to wait for.</summary>
    private async Task DisableAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < _disables.Count;)
        {
            var disable = _disables[i];
            if (!LeavesSomebody(disable) && _adds.Any(add => add.Set == disable.Set))
            {
                i++;
                continue;
            }

            _disables.RemoveAt(i);
            await ApplyAsync(disable, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool LeavesSomebody(DisableDestination disable) =>
        Routable(disable.Set) is var routable && routable.Count > (routable.Contains(disable.Uri) ? 1 : 0);

    private HashSet<string> Routable(int set) => _routable.TryGetValue(set, out var uris) ? uris : _routable[set] = [];

    private async Task ApplyAsync(Change change, CancellationToken cancellationToken)
    {
        if (!await _apply(change, _version, cancellationToken).ConfigureAwait(false))
        {
            _refused++;
            return;
        }

        _applied++;
        if (change is EnableDestination { IsProbed: false } or AddDestination { Flags: ProbingFlag })
        {
            Routable(change.Set).Add(change.Uri);
        }
        else if (change is RemoveDestination or DisableDestination)
        {
            Routable(change.Set).Remove(change.Uri);
        }
    }
}
