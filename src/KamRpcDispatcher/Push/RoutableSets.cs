using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>Who takes calls in which set, from what was read and what was changed since.</summary>
internal sealed class RoutableSets(DispatcherTable table)
{
    /// <summary>Of the sets that were asked for: there may be thousands of entries, and one of them is to change.</summary>
    private readonly Dictionary<int, HashSet<string>> _routable = [];

    /// <summary>Whether the set has somebody for its calls without the destination.</summary>
    public bool LeavesSomebody(DisableDestination disable) =>
        Of(disable.Set) is var routable && routable.Count > (routable.Contains(disable.Uri) ? 1 : 0);

    /// <summary>A change was made.</summary>
    public void Changed(Change change)
    {
        if (change is EnableDestination { IsRoutable: true } or AddDestination { IsRoutable: true })
        {
            Of(change.Set).Add(change.Uri);
        }
        else if (change is RemoveDestination or DisableDestination)
        {
            Of(change.Set).Remove(change.Uri);
        }
    }

    private HashSet<string> Of(int set) =>
        _routable.TryGetValue(set, out var uris) ? uris : _routable[set] = [.. table.Destinations.Where(entry => entry.Set == set && entry.IsRoutable).Select(static entry => entry.Uri)];
}
