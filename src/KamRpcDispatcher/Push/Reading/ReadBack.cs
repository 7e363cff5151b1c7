using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>Compares each reading of Kamailio's list with the one before and with what was changed in between.</summary>
internal sealed class ReadBack
{
    private readonly List<AddDestination> _added = [];
    private readonly HashSet<(int Set, string Uri)> _removed = [];

    private bool _hasRebuilt;
    private KamailioInstance? _instance;
    private List<(int Set, string Uri, int Priority, string Attributes)> _list = [];

    /// <summary>The change is being sent; whether it is made may never be known.</summary>
    public void Sent(Change change) => _hasRebuilt |= change.IsStructural;

    /// <summary>The list is being loaded anew.</summary>
    public void Reloading() => _hasRebuilt = true;

    /// <summary>Kamailio said that it made the change.</summary>
    public void Changed(Change change)
    {
        switch (change)
        {
            case AddDestination add:
                _added.Add(add);
                break;
            case RemoveDestination:
                _removed.Add((change.Set, change.Uri));
                break;
        }
    }

    /// <summary>It is known already that Kamailio did not make the change.</summary>
    public void Forget(AddDestination add) => _added.Remove(add);

    public ReadBackResult Compare(DispatcherTable table)
    {
        List<(int Set, string Uri, int, string)> list = [.. table.Destinations.Select(static entry => (entry.Set, entry.Uri, entry.Priority, entry.Attributes))];
        var listed = list.Select(static entry => (entry.Set, entry.Uri)).ToHashSet();
        var isSameLife = table.Instance == _instance;

        // By another Kamailio, or a reload of somebody else's: it took what was added with it, and says nothing of it. A rebuild of ours
        // takes names along that do not resolve, and nothing else; where what was added is gone as well it says nothing of that either.
        List<VanishedDestination> vanished = isSameLife
            ? [.. _list.Where(entry => !listed.Contains((entry.Set, entry.Uri)) && !_removed.Contains((entry.Set, entry.Uri)))
                .Select(static entry => new VanishedDestination(entry.Set, entry.Uri, entry.Attributes))]
            : [];
        var isAdded = _added.TrueForAll(add => listed.Contains((add.Set, add.Uri)));
        var isWiped = !isSameLife || vanished.Exists(entry => !_hasRebuilt || !isAdded || HostName.In(entry.Uri) is null);
        var result = new ReadBackResult(
            isSameLife && !list.SequenceEqual(_list),
            isWiped,
            [.. _added.Where(add => listed.Contains((add.Set, add.Uri)))],
            isWiped ? [] : [.. _added.Where(add => !listed.Contains((add.Set, add.Uri)))])
        {
            HasRebuilt = _hasRebuilt,
            Vanished = vanished,
        };
        (_instance, _list) = (table.Instance, list);
        _added.Clear();
        _removed.Clear();
        _hasRebuilt = false;
        return result;
    }
}
