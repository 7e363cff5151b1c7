using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>An entry that kamrpc added, and that nobody keeps in step: its cluster was renamed, or its set is not served any more.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="Cluster">The cluster for which it was added.</param>
/// <param name="IsOfAnotherCluster">Whether that is not the one that is served; else its set is not.</param>
public sealed record Orphan(ListedDestination Entry, string Cluster, bool IsOfAnotherCluster)
{
    /// <summary>Those in a list. One Kamailio has one dispatcher, so what this one does not serve nobody does.</summary>
    public static IReadOnlyList<Orphan> In(IEnumerable<ListedDestination> listed, PlanPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(listed);
        ArgumentNullException.ThrowIfNull(policy);
        return
        [
            .. from entry in listed
               where entry.IsExact && !Sentinel.Is(entry)
               let cluster = AttributeText.Cluster(entry.Attributes)
               where cluster is not null && (cluster != policy.Cluster || !policy.Manages(entry.Set))
               select new Orphan(entry, cluster, cluster != policy.Cluster),
        ];
    }
}
