namespace KamRpcDispatcher.Etcd;

/// <summary>What one endpoint of etcd says of itself.</summary>
/// <param name="Version">Its release, such as <c>3.4.23</c>.</param>
/// <param name="HasLeader">Whether it knows a leader; without one nothing can be written.</param>
/// <param name="DatabaseBytes">The size of its database.</param>
/// <param name="Errors">Alarms and other troubles, in etcd's words.</param>
/// <param name="Elapsed">How long the answer took.</param>
public sealed record EndpointStatus(string Version, bool HasLeader, long DatabaseBytes, IReadOnlyList<string> Errors, TimeSpan Elapsed)
{
    /// <summary>The cluster that it is of; 0 where that was not told.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Whether it is a learner, which tells its status and serves nobody.</summary>
    public bool IsLearner { get; init; }

    /// <summary>Its newest revision.</summary>
    public long Revision { get; init; }

    /// <summary>Up to which revision it has forgotten what was, 0 for none; null when that could not be found out.</summary>
    public long? CompactedRevision { get; init; }

    /// <summary>How large its database may become; null when it does not tell.</summary>
    public long? QuotaBytes { get; init; }
}
