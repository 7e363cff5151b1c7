using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>What was seen of etcd, and of the cluster's members and proxies in it.</summary>
internal sealed record EtcdObservation(IReadOnlyList<EndpointObservation> Endpoints, Seen<IReadOnlyList<Member>> Members, Seen<IReadOnlyList<ReportingProxy>> Proxies);
