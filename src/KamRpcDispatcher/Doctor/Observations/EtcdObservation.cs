using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>What was seen of etcd, and of the cluster's members and proxies in it.</summary>
internal sealed record EtcdObservation(IReadOnlyList<EndpointObservation> Endpoints, Seen<IReadOnlyList<Member>> Members, Seen<IReadOnlyList<ReportingProxy>> Proxies)
{
    /// <summary>The cluster that is examined.</summary>
    public string Cluster { get; init; } = "default";

    /// <summary>Expired members that a proxy keeps, because too many expired at once.</summary>
    public IReadOnlyList<Member> Held { get; init; } = [];
}
