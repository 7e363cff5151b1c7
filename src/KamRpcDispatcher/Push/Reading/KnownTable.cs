using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>
/// What Kamailio's list is by what was read last, and by the changes since that Kamailio said it had made. Changes are made while the list is read too: that may show them or not.
/// </summary>
internal sealed class KnownTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ListedKey, ListedState> _states = [];
    private readonly Dictionary<ListedKey, ListedDestination> _added = [];
    private readonly HashSet<ListedKey> _removed = [];
    private readonly List<Change> _meanwhile = [];
    private volatile DispatcherTable? _read;
    private DispatcherTable? _applied;
    private bool _isBeingRead;
    private bool _isDoubted;
    private bool _staysDoubted;

    /// <summary>As it was read last; null where it was not, of this life of Kamailio's.</summary>
    public DispatcherTable? Read => _read;

    /// <summary>As it is by the changes; null where that is in doubt.</summary>
    public DispatcherTable? Certain
    {
        get
        {
            lock (_gate)
            {
                return _isDoubted ? null : Apply();
            }
        }
    }

    /// <summary>The same whether it is in doubt or not; null where nothing was read.</summary>
    public DispatcherTable? Likely
    {
        get
        {
            lock (_gate)
            {
                return Apply();
            }
        }
    }

    /// <summary>The list is being read.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _meanwhile.Clear();
            (_isBeingRead, _staysDoubted) = (true, false);
        }
    }

    /// <summary>It was read.</summary>
    public void End(DispatcherTable table)
    {
        lock (_gate)
        {
            Clear();
            (_read, _isBeingRead) = (table, false);

            // Of a rebuild it does not tell whether it is of before or of after.
            _isDoubted = _staysDoubted || _meanwhile.Exists(static change => change.IsStructural);
            foreach (var change in _meanwhile)
            {
                Apply(change);
            }
        }
    }

    /// <summary>It could not be read.</summary>
    public void Fail()
    {
        lock (_gate)
        {
            (_isDoubted, _isBeingRead) = (true, false);
        }
    }

    /// <summary>What became of a change is not known.</summary>
    public void Doubt()
    {
        lock (_gate)
        {
            (_isDoubted, _staysDoubted) = (true, true);
        }
    }

    /// <summary>Kamailio was started anew: what was read says nothing any more.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            Clear();
            _read = null;
        }
    }

    /// <summary>Kamailio said that it made a change.</summary>
    public void Changed(Change change)
    {
        lock (_gate)
        {
            if (_isBeingRead)
            {
                _meanwhile.Add(change);
            }

            Apply(change);
        }
    }

    private void Clear()
    {
        _states.Clear();
        _added.Clear();
        _removed.Clear();
        _applied = null;
    }

    private void Apply(Change change)
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

    private DispatcherTable? Apply() => _applied ??= _read is not { } read || _states.Count + _added.Count + _removed.Count == 0 ? _read : read with
    {
        Destinations = [.. read.Destinations.Where(IsThere).Select(Current), .. _added.Values.Select(Current)],
    };

    private bool IsThere(ListedDestination entry) => _removed.Count == 0 || !_removed.Contains(new ListedKey(entry.Set, entry.Uri));

    private ListedDestination Current(ListedDestination entry) => _states.TryGetValue(new ListedKey(entry.Set, entry.Uri), out var state) ? entry with { State = state } : entry;

    private void SetState(ListedKey key, ListedState state, string? duid)
    {
        _states[key] = state;

        // Which of several with that text it was the text does not tell.
        _isDoubted |= duid is not null;
    }
}
