namespace KamRpcDispatcher.Push;

/// <summary>One life of Kamailio, from its start to its end: what differs in either is another one.</summary>
/// <param name="UpSince">When it was started, to the second, as <c>core.uptime</c> words it.</param>
/// <param name="InstanceToken">What its socket shows; two starts may fall into one second.</param>
public readonly record struct KamailioInstance(string UpSince, string InstanceToken);
