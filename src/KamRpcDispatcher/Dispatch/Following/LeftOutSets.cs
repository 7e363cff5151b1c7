using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources.Operators;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>
/// The sets of which nobody can say what would be changed: those that the dispatcher at work takes from elsewhere than etcd, by its report, where nobody names these sources; and, without etcd, the sets of
/// classes, whose numbers that dispatcher alone knows.
/// </summary>
internal sealed class LeftOutSets
{
    private readonly DispatcherOptions _options;
    private readonly Dictionary<int, int> _homes;
    private readonly Func<int, string?> _elsewhere;

    public LeftOutSets(DispatcherOptions options, ClusterView cluster, OperatorShares shares)
    {
        _options = options;
        _homes = shares.Numbers.SelectMany(static set => set.Value.Select(one => (Class: ClassSets.Base + one.Value, Home: set.Key))).DistinctBy(static one => one.Class).ToDictionary(static one => one.Class, static one => one.Home);
        var report = options.HasEtcdAlone ? cluster.Proxies.FirstOrDefault(proxy => proxy.Name == options.Proxy)?.Status : null;
        _elsewhere = set => report?.ElsewhereOf(set);
    }

    public bool Has(int set) => ClassSets.Has(set) ? !_options.UsesEtcd || (_homes.TryGetValue(set, out var home) && _elsewhere(home) is not null) : set != MemberKey.ReservedSet && _elsewhere(set) is not null;

    /// <summary>What is left out of a list, and why.</summary>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="members">Who is wanted in it.</param>
    public IReadOnlyList<string> Sentences(IReadOnlyList<ListedDestination> listed, IReadOnlyList<Member> members) =>
    [
        .. from set in listed.Where(entry => !ClassSets.Has(entry.Set) && Has(entry.Set) && _options.Policy.Manages(entry.Set) && AttributeText.IsOwn(entry, _options.Cluster)).Select(static entry => entry.Set).Distinct().Order()
           select FormattableString.Invariant($"set {set} of {SafeText.Shorten(_options.Proxy)} {_elsewhere(set)}: give the --source of the dispatcher at work, and it is planned too"),
        .. !_options.UsesEtcd && (listed.Any(static entry => ClassSets.Has(entry.Set)) || members.GroupBy(static member => member.Key.Set).Any(static set => set.Select(static member => member.Weight).Distinct().Count() > 1))
            ? ["how weights share calls: without etcd the dispatcher at work alone knows the sets of its classes"] : Array.Empty<string>(),
    ];
}
