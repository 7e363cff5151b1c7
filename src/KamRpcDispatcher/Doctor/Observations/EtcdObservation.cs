using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>What was seen of etcd, and of the cluster's members in it.</summary>
internal sealed record EtcdObservation(IReadOnlyList<EndpointObservation> Endpoints, Seen<IReadOnlyList<Member>> Members);
