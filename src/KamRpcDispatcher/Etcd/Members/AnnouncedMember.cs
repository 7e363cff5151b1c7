using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>A member as the store holds it.</summary>
/// <param name="Member">The member.</param>
/// <param name="Lease">The lease that it ends with; 0 for a static member.</param>
public sealed record AnnouncedMember(Member Member, long Lease)
{
    /// <summary>The store's revision of the record.</summary>
    public long ModRevision { get; init; }
}
