using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>The changes since a list was read, as far as Kamailio said that it made them: what the list is by that, until it is read again.</summary>
internal sealed class ChangedTable
{
    private readonly Dictionary<ListedKey, ListedState> _states = [];
    private readonly Dictionary<ListedKey, ListedDestination> _added = [];
    private readonly HashSet<ListedKey> _removed = [];
    private DispatcherTable? _applied;
    private bool _isCertain;

    /// <summary>A list was read.</summary>
    public void Clear()
    {
        _states.Clear();
        _added.Clear();
        _removed.Clear();
        (_applied, _isCertain) = (null, true);
    }

    /// <summary>What became of a change is not known, or the list is being read.</summary>
    public void Doubt() => _isCertain = false;

    /// <summary>Kamailio said that it made a change.</summary>
    public void Changed(Change change)
    {
        var key = new ListedKey(change.Set, change.Uri);
        _applied = null;
        switch (change)
        {
            case AddDestination add:
                _states.Remove(key);
                _added[key] = new ListedDestination(add.Set, add.Uri, DestinationFlags.StateOf(add.Flags), (add.Flags & DestinationFlags.Probing) != 0, add.Priority, add.Attributes);
                break;
            case RemoveDestination:
                _added.Remove(key);
                _states.Remove(key);
                _removed.Add(key);
                break;
            case EnableDestination enable:
                SetState(key, enable.State, enable.Duid);
                break;
            case DisableDestination disable:
                SetState(key, ListedState.Disabled, disable.Duid);
                break;
        }
    }

    /// <summary>What the list is by the changes; null where that is in doubt.</summary>
    public DispatcherTable? Certain(DispatcherTable read) => _isCertain ? Apply(read) : null;

    /// <summary>The same whether it is in doubt or not.</summary>
    public DispatcherTable Apply(DispatcherTable read) => _applied ??= _states.Count + _added.Count + _removed.Count == 0 ? read : read with
    {
        Destinations = [.. read.Destinations.Where(IsThere).Select(Current), .. _added.Values.Select(Current)],
    };

    private bool IsThere(ListedDestination entry) => _removed.Count == 0 || !_removed.Contains(new ListedKey(entry.Set, entry.Uri));

    private ListedDestination Current(ListedDestination entry) => _states.TryGetValue(new ListedKey(entry.Set, entry.Uri), out var state) ? entry with { State = state } : entry;

    private void SetState(ListedKey key, ListedState state, string? duid)
    {
        _states[key] = state;

        // Which of several with that text it was the text does not tell.
        _isCertain &= duid is null;
    }
}
