using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>What was seen of one of etcd's endpoints.</summary>
internal sealed record EndpointObservation(string Endpoint, Observed<EndpointStatus> Status, Observed<ClockReading> Clock);
