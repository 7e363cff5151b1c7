using Etcdserverpb;

namespace KamRpcDispatcher.Etcd.Keys;

/// <summary>What a <see cref="KeyWatch"/> keeps up to date: what was read of the keys below a prefix, and of which store.</summary>
internal interface IFollowedKeys
{
    /// <summary>As of which revision; 0 before the first listing.</summary>
    long Revision { get; }

    /// <summary>Whether it matters soon that the store gives a sign of life.</summary>
    bool IsDoubting { get; }

    /// <summary>The key that was written last, null for none that is known, and how many keys there are: by these it is known again.</summary>
    ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest { get; }

    /// <summary>Whether an answer is of another store, or of this one restored from a backup.</summary>
    bool IsAnother(ResponseHeader header);

    /// <summary>An answer of the store that is followed.</summary>
    void Follow(ResponseHeader header);

    /// <summary>The store was listed whole.</summary>
    /// <param name="listed">All that there is.</param>
    /// <param name="wasAway">Whether it had answered nobody before.</param>
    void Replace(KeyListing listed, bool wasAway);

    /// <summary>The store gave a sign of life.</summary>
    /// <param name="wasAway">Whether it had answered nobody before.</param>
    /// <returns>Whether that changes what is told of the keys.</returns>
    bool Hear(bool wasAway);

    /// <summary>Keys were written and deleted. That counts from <see cref="Publish"/> on.</summary>
    void Apply(IEnumerable<Mvccpb.Event> events);

    /// <summary>What was put in so far is what there is at this revision.</summary>
    void Publish(long revision);
}

/// <summary>What a <see cref="KeyWatch"/> tells of its own, and how patient it is.</summary>
internal interface IKeyWatchLog
{
    /// <summary>A listing takes long: how many keys were read so far, and of how many.</summary>
    void Listing(int read, long all, TimeSpan elapsed);

    /// <summary>All keys were listed.</summary>
    void Listed(int count, long revision);

    /// <summary>What happened from a revision on is not kept any more, so that all is listed again.</summary>
    void Compacted(long wanted, long compacted);

    /// <summary>The store is another one, or was restored, by its revision.</summary>
    void Replaced(long known, long found);

    /// <summary>The keys are followed: told with each answer.</summary>
    void Followed(long revision);

    /// <summary>They cannot be followed: told with each try.</summary>
    /// <returns>How long to wait before the next one.</returns>
    TimeSpan Failed(Exception exception);
}
