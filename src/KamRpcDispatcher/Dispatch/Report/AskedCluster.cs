using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>What a dispatcher answers who asks it for all that there is, where etcd does not have all of it. Asked by any thread.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="proxy">The proxy's name.</param>
/// <param name="members">The members as they are followed; null while none are known.</param>
/// <param name="latest">The status as of now; null before there is any.</param>
/// <param name="sources">Where members come from, and which of that is away.</param>
/// <param name="usesEtcd">Whether some of it is etcd.</param>
internal sealed class AskedCluster(string cluster, string proxy, Func<Membership?> members, Func<ProxyStatus?> latest, Func<IReadOnlyList<(string Name, StoreOutage? Away)>> sources, bool usesEtcd)
{
    private const int LongestName = 512;

    public byte[] Answer() => Read().Write();

    public WholeAnswer Read()
    {
        // The members last: a report of later ones would seem to be of members that are not there.
        var (report, membership) = (latest(), members());
        return new WholeAnswer(cluster, proxy, [.. sources().Select(static source => new MemberSource(SafeText.Shorten(source.Name, LongestName), source.Away?.Since, source.Away?.Reason))])
        {
            UsesEtcd = usesEtcd,
            Report = report,
            Membership = membership,
            Drains = membership?.Drains() ?? ImmutableDictionary<MemberKey, Intent>.Empty,
        };
    }
}
