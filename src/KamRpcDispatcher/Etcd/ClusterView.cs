namespace KamRpcDispatcher.Etcd;

/// <summary>What the store holds of a cluster at one revision: what was announced, and what the proxies made of it.</summary>
/// <param name="Revision">The revision read.</param>
/// <param name="MemberRevision">The newest revision of a member's record. A deletion leaves no record, and so is not seen here.</param>
/// <param name="Members">The members, by key.</param>
/// <param name="Rejected">The records that cannot be used. Whether a dispatcher keeps an earlier one in force only it knows.</param>
/// <param name="Proxies">The proxies, by name.</param>
public sealed record ClusterView(
    long Revision,
    long MemberRevision,
    IReadOnlyList<AnnouncedMember> Members,
    IReadOnlyList<RejectedRecord> Rejected,
    IReadOnlyList<ReportingProxy> Proxies)
{
    /// <summary>How many of the store's revisions a proxy is behind the newest member's record.</summary>
    public long Behind(ProxyStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return Math.Max(0, MemberRevision - status.Revision);
    }
}
