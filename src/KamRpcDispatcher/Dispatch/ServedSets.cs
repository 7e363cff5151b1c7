using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Dispatch;

/// <summary>
/// Knows the sets that were in use since this daemon started and that everybody has left. Kamailio's routing may send calls there for as long as
/// nobody has changed that, and these fail: so such a set is missed, until somebody is there again, or the daemon is started anew. Where a set was
/// given up on purpose that is how it is forgotten.
/// </summary>
/// <param name="policy">What is managed, and by which mark own entries are known.</param>
internal sealed class ServedSets(PlanPolicy policy)
{
    /// <summary>Sets' numbers come from outside, any number of them: so many are remembered that are left, the last ones.</summary>
    internal const int Most = 50;

    private readonly List<int> _left = [];
    private HashSet<int> _inUse = [];

    /// <summary>Takes note of a cycle.</summary>
    /// <param name="members">Those that are announced, or held back.</param>
    /// <param name="table">What Kamailio has.</param>
    /// <returns>The sets that are missed now.</returns>
    public IReadOnlySet<int> Observe(IEnumerable<Member> members, DispatcherTable table)
    {
        // One that was never ready has taken no calls from anybody.
        var inUse = members.Where(static member => member.State == MemberState.Ready).Select(static member => member.Key.Set).Where(policy.Manages).ToHashSet();
        inUse.UnionWith(table.Destinations.Where(entry => policy.Manages(entry.Set) && !Sentinel.Is(entry) && AttributeText.IsOwn(entry, policy.Cluster)).Select(static entry => entry.Set));

        // Whom routing sends to a class goes to the home set where the class has nobody.
        inUse.RemoveWhere(ClassSets.Has);
        _left.RemoveAll(inUse.Contains);
        _left.AddRange(_inUse.Except(inUse));
        _left.RemoveRange(0, Math.Max(0, _left.Count - Most));
        _inUse = inUse;
        return _left.ToHashSet();
    }
}
