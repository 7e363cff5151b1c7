using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>Compares each reading of Kamailio's list with the one before and with what was changed in between.</summary>
internal sealed class ReadBack
{
    private readonly List<AddDestination> _added = [];
    private readonly HashSet<(int Set, string Uri)> _removed = [];

    private KamailioLife? _life;
    private List<(int Set, string Uri, int Priority, string Attributes)> _list = [];

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

    public ReadBackResult Compare(DispatcherTable table)
    {
        List<(int Set, string Uri, int, string)> list = [.. table.Destinations.Select(static entry => (entry.Set, entry.Uri, entry.Priority, entry.Attributes))];
        var listed = list.Select(static entry => (entry.Set, entry.Uri)).ToHashSet();
        var isSameLife = table.Life == _life;

        // By another Kamailio, or a reload of somebody else's: it took what was added with it, and says nothing of it.
        var isWiped = !isSameLife || _list.Exists(entry => !listed.Contains((entry.Set, entry.Uri)) && !_removed.Contains((entry.Set, entry.Uri)));
        var result = new ReadBackResult(
            isSameLife && !list.SequenceEqual(_list),
            isWiped,
            [.. _added.Where(add => listed.Contains((add.Set, add.Uri)))],
            isWiped ? [] : [.. _added.Where(add => !listed.Contains((add.Set, add.Uri)))]);
        (_life, _list) = (table.Life, list);
        _added.Clear();
        _removed.Clear();
        return result;
    }
}
