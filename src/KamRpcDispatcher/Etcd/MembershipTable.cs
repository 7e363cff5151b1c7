using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Holds what the store said last of each member's key. A record that cannot be used does not displace the last usable one.</summary>
internal sealed class MembershipTable(EtcdKeys keys)
{
    private const int LongestKeyShown = 256;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<RejectedRecord> _newlyRejected = [];

    /// <summary>A key was written.</summary>
    public void Put(string key, ReadOnlyMemory<byte> value, long createdRevision, long modifiedRevision)
    {
        var known = _entries.TryGetValue(key, out var entry);
        if (known && entry.ModifiedRevision == modifiedRevision)
        {
            return;
        }

        if (!keys.TryParseMember(key, out var memberKey, out var error) || !MemberRecord.TryRead(memberKey, value, out var member, out error))
        {
            // A key that was deleted and written again is another member: nothing of the earlier one stays.
            var lastGood = known && entry.CreatedRevision == createdRevision ? entry.Member : null;
            var rejected = new RejectedRecord(MemberRules.Shorten(key, LongestKeyShown), error, lastGood is not null);
            _entries[key] = new Entry(lastGood, rejected, createdRevision, modifiedRevision);
            _newlyRejected.Add(rejected);
            return;
        }

        _entries[key] = new Entry(member with { CreatedRevision = createdRevision }, null, createdRevision, modifiedRevision);
    }

    /// <summary>A key was deleted.</summary>
    public void Delete(string key) => _entries.Remove(key);

    /// <summary>The store was listed whole: what is not in the list is gone.</summary>
    public void RetainOnly(IReadOnlySet<string> present)
    {
        foreach (var key in _entries.Keys.Where(key => !present.Contains(key)).ToList())
        {
            _entries.Remove(key);
        }
    }

    /// <summary>The records rejected since the last call, each once.</summary>
    public IReadOnlyList<RejectedRecord> TakeNewlyRejected()
    {
        RejectedRecord[] taken = [.. _newlyRejected];
        _newlyRejected.Clear();
        return taken;
    }

    public Membership At(long revision) => new(
        revision,
        [.. _entries.Values.Select(static entry => entry.Member).OfType<Member>().OrderBy(static member => member.Key)],
        [.. _entries.Values.Select(static entry => entry.Rejected).OfType<RejectedRecord>()]);

    private readonly record struct Entry(Member? Member, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision);
}
