using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources;

/// <summary>Whether a saved membership is of the store that answers now. Pure.</summary>
internal static class SavedOrigin
{
    /// <summary>
    /// Whether it is of the store with this id. One that does not say of which it is (an earlier version wrote it) is, if the store still holds one of its
    /// members under the key that was created then.
    /// </summary>
    /// <param name="saved">What was saved.</param>
    /// <param name="clusterId">The id that the store answers with.</param>
    /// <param name="created">The revision that created a member's key in the store; null where it has none.</param>
    public static bool IsOf(Membership saved, ulong clusterId, Func<MemberKey, long?> created) =>
        saved.Store is { } store ? store.ClusterId == clusterId : SharesMember(saved, created);

    /// <summary>What is etcd's of a saved membership, or may be where that is not known, and the members of other sources; null for none.</summary>
    public static (Membership Etcd, Membership? Others) Divide(Membership saved)
    {
        if (saved.Sources.Count == 0)
        {
            return (saved, null);
        }

        var own = saved with { Members = [.. saved.Members.Where(member => IsEtcds(member.Key))], Expired = [.. saved.Expired.Where(expired => IsEtcds(expired.Member.Key))] };
        return (own, own.Members.Count == saved.Members.Count ? null : saved with { Members = [.. saved.Members.Where(member => !IsEtcds(member.Key))], Expired = [] });

        bool IsEtcds(MemberKey member) => saved.SourceOf(member.Set) is null or StoreOutage.Etcd;
    }

    /// <summary>
    /// Whether what an earlier version saved is newer than the own file, as after a downgrade and an upgrade. Of one store the revision tells; where that is not known,
    /// the time of the files. One of another store may be another proxy's.
    /// </summary>
    /// <param name="earlier">What the earlier version saved, for all proxies of a user.</param>
    /// <param name="own">The own file's.</param>
    /// <param name="isWrittenLater">Whether the earlier version's file was written later.</param>
    public static bool IsLater(Membership earlier, Membership own, bool isWrittenLater)
    {
        if (earlier.Store is { } one && own.Store is { } other)
        {
            return one.ClusterId == other.ClusterId && earlier.Revision > own.Revision;
        }

        var created = own.Members.ToDictionary(static member => member.Key, static member => member.CreatedRevision);
        return SharesMember(earlier, key => created.TryGetValue(key, out var revision) ? revision : null) ? earlier.Revision > own.Revision : isWrittenLater;
    }

    /// <summary>Whether the store holds one of the saved members still.</summary>
    public static bool SharesMember(Membership saved, Func<MemberKey, long?> created) =>
        saved.Members.Any(member => member.CreatedRevision > 0 && created(member.Key) == member.CreatedRevision);
}
