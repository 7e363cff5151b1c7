namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>A destination that Kamailio refuses.</summary>
/// <param name="Set">Its set.</param>
/// <param name="Uri">Its URI.</param>
/// <param name="Reason">What Kamailio said.</param>
/// <param name="RetryAt">When it is tried again.</param>
public readonly record struct QuarantinedDestination(int Set, string Uri, string Reason, DateTimeOffset RetryAt);
