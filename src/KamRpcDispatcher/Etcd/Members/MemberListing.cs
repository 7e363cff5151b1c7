using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>The members of one listing, and under what each stands in the store: for whoever reads them once.</summary>
/// <param name="Membership">The members.</param>
/// <param name="Announced">The same, each with its lease and the revision of its record.</param>
internal sealed record MemberListing(Membership Membership, IReadOnlyList<AnnouncedMember> Announced)
{
    /// <summary>Reads what stands below <see cref="EtcdKeys.Members"/>.</summary>
    public static MemberListing Read(EtcdKeys keys, KeyListing listed, TimeProvider timeProvider)
    {
        var table = new MembershipTable(keys, timeProvider);
        var records = new Dictionary<string, Mvccpb.KeyValue>(StringComparer.Ordinal);
        foreach (var pair in listed.Keys)
        {
            var key = pair.Key.ToStringUtf8();
            table.Put(key, pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
            records[key] = pair;
        }

        var membership = table.At(listed.Revision);
        return new MemberListing(membership, [.. membership.Members.Select(member => Announced(member, records[keys.Member(member.Key)]))]);

        static AnnouncedMember Announced(Destinations.Member member, Mvccpb.KeyValue pair) => new(member, pair.Lease) { ModRevision = pair.ModRevision };
    }
}
