using Etcdserverpb;
using KamRpcDispatcher.Etcd.Keys;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>Which store the keys are of that somebody watches while he waits, and up to where they are known.</summary>
internal abstract class WatchedKeys : IFollowedKeys
{
    private ulong _clusterId;
    private ulong _term;

    public long Revision { get; private set; }

    /// <summary>Nothing depends on the store's being heard soon.</summary>
    public bool IsDoubting => false;

    /// <summary>By these no store is known again: after an outage all is listed.</summary>
    public ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest => (null, -1);

    public bool IsAnother(ResponseHeader header) => header.ClusterId != _clusterId || header.Revision < Revision || header.RaftTerm < _term;

    public void Follow(ResponseHeader header) => _term = Math.Max(_term, header.RaftTerm);

    public bool Hear(bool wasAway) => false;

    public void Publish(long revision) => Revision = revision;

    public abstract void Replace(KeyListing listed, bool wasAway);

    public abstract void Apply(IEnumerable<Mvccpb.Event> changes);

    /// <summary>Whether a listing is of another store than what was known, or of this one restored from a backup.</summary>
    protected bool IsOfAnother(KeyListing listed) => listed.Header.ClusterId != _clusterId || listed.Revision < Revision;

    /// <summary>From now on the keys are those of this listing.</summary>
    protected void Stand(KeyListing listed) => (_clusterId, _term, Revision) = (listed.Header.ClusterId, listed.Header.RaftTerm, listed.Revision);
}
