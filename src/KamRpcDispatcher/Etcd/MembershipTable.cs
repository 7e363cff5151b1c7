using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd;

/// <summary>Holds what the store said last of each member's key. A record that cannot be used does not displace the last usable one.</summary>
internal sealed class MembershipTable(EtcdKeys keys, TimeProvider timeProvider)
{
    private const int LongestKeyShown = 256;

    /// <summary>What is left out of records is told once, whoever writes it and however often: so many things at most.</summary>
    private const int MostRemarks = 20;

    /// <summary>How long an expiry is remembered: longer than anybody holds an expired member.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExpiredMember> _expired = new(StringComparer.Ordinal);
    private readonly List<RejectedRecord> _newlyRejected = [];
    private readonly HashSet<string> _remarks = new(StringComparer.Ordinal);
    private readonly List<(string Key, string Remark)> _newRemarks = [];

    /// <summary>A key was written.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="createdRevision">The revision that created it.</param>
    /// <param name="modifiedRevision">The revision of this value.</param>
    /// <param name="isLeased">Whether it ends with a lease.</param>
    public void Put(string key, ReadOnlyMemory<byte> value, long createdRevision, long modifiedRevision, bool isLeased)
    {
        _expired.Remove(key);
        var known = _entries.TryGetValue(key, out var entry);
        if (known && entry.ModifiedRevision == modifiedRevision)
        {
            return;
        }

        var remarks = RecordRemarks.None;
        if (!keys.TryParseMember(key, out var memberKey, out var error) || !MemberRecord.TryRead(memberKey, value, out var member, out error, out remarks))
        {
            // A key that was deleted and written again is another member: nothing of the earlier one stays.
            var lastGood = known && entry.CreatedRevision == createdRevision ? entry.LastGood : null;
            var state = remarks.State is { } told and not MemberState.Ready ? told : lastGood?.State;
            var rejected = new RejectedRecord(MemberRules.Shorten(key, LongestKeyShown), error, lastGood is not null) { IsNotReady = remarks.State is not (null or MemberState.Ready) };
            _entries[key] = new Entry(lastGood is null ? null : lastGood with { State = state!.Value }, lastGood, rejected, createdRevision, modifiedRevision, isLeased);
            _newlyRejected.Add(rejected);
            return;
        }

        foreach (var remark in remarks.Ignored.Where(remark => _remarks.Count < MostRemarks && _remarks.Add(remark)))
        {
            _newRemarks.Add((key, remark));
        }

        Take(key, member with { CreatedRevision = createdRevision }, modifiedRevision, isLeased);
    }

    /// <summary>
    /// A key was deleted. A static one by somebody; a leased one by its lease, unless its member was on its way out: an announcer says
    /// that it is going before it deletes its key.
    /// </summary>
    public void Delete(string key)
    {
        if (_entries.Remove(key, out var entry) && entry.IsLeased)
        {
            Expire(key, entry);
        }
    }

    /// <summary>Takes a membership of before as what was known last, so that those that a first listing lacks count as expired, and those that had expired still do.</summary>
    public void Seed(Membership before)
    {
        foreach (var member in before.Members)
        {
            Take(keys.Member(member.Key), member, 0, isLeased: true);
        }

        foreach (var expired in before.Expired)
        {
            _expired[keys.Member(expired.Member.Key)] = expired;
        }
    }

    /// <summary>The store was listed whole: what is not in the list is gone.</summary>
    public void RetainOnly(IReadOnlySet<string> present)
    {
        foreach (var key in _entries.Keys.Where(key => !present.Contains(key)).ToList())
        {
            // Whether it said that it was going nobody heard.
            _entries.Remove(key, out var entry);
            Expire(key, entry);
        }
    }

    /// <summary>The records rejected since the last call, each once.</summary>
    public IReadOnlyList<RejectedRecord> TakeNewlyRejected()
    {
        RejectedRecord[] taken = [.. _newlyRejected];
        _newlyRejected.Clear();
        return taken;
    }

    /// <summary>What was left out of records that are in force, told of the first one only.</summary>
    public IReadOnlyList<(string Key, string Remark)> TakeNewRemarks()
    {
        (string, string)[] taken = [.. _newRemarks];
        _newRemarks.Clear();
        return taken;
    }

    public Membership At(long revision) => new(
        revision,
        [.. _entries.Values.Select(static entry => entry.Member).OfType<Member>().OrderBy(static member => member.Key)],
        [.. _entries.Values.Select(static entry => entry.Rejected).OfType<RejectedRecord>()])
    {
        Expired = [.. _expired.Values.OrderBy(static expired => expired.At).ThenBy(static expired => expired.Member.Key)],
    };

    private void Take(string key, Member member, long modifiedRevision, bool isLeased) =>
        _entries[key] = new Entry(member, member, null, member.CreatedRevision, modifiedRevision, isLeased);

    private void Expire(string key, Entry entry)
    {
        var now = timeProvider.GetUtcNow();
        foreach (var old in _expired.Where(pair => now - pair.Value.At > Memory).Select(static pair => pair.Key).ToList())
        {
            _expired.Remove(old);
        }

        if (entry.Member is { State: MemberState.Ready } member)
        {
            var left = _entries.Values.Count(other => other.Member is { State: MemberState.Ready } ready && ready.Key.Set == member.Key.Set);
            _expired[key] = new ExpiredMember(member, now, left + 1);
        }
    }

    /// <param name="Member">What is in force.</param>
    /// <param name="LastGood">The last usable record, which is in force unless a later one says that the member is not ready.</param>
    /// <param name="Rejected">The record, where it cannot be used.</param>
    /// <param name="CreatedRevision">The revision that created the key.</param>
    /// <param name="ModifiedRevision">The revision of the record.</param>
    /// <param name="IsLeased">Whether it ends with a lease.</param>
    private readonly record struct Entry(Member? Member, Member? LastGood, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision, bool IsLeased);
}
