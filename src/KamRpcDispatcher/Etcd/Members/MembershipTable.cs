using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Holds what the store said last of each member's key. A record that cannot be used does not displace the last usable one.</summary>
internal sealed class MembershipTable(EtcdKeys keys, TimeProvider timeProvider)
{
    private const int LongestKeyShown = 256;

    /// <summary>What is left out of records is told once, whoever writes it and however often: so many things at most.</summary>
    private const int MostRemarks = 20;

    /// <summary>How long an expiry is remembered: longer than anybody holds an expired member.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <summary>For how long after an absence of the store expiries are doubted: a lease that ended meanwhile is revoked within a second of its return.</summary>
    private static readonly TimeSpan DoubtTime = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ExpiredMember> _expired = new(StringComparer.Ordinal);

    /// <summary>The same in the order of their going. One key may go any number of times: nothing of an earlier time stays.</summary>
    private readonly SortedSet<(TimeSpan Mark, string Key)> _expiries =
        new(Comparer<(TimeSpan Mark, string Key)>.Create(static (one, other) => one.Mark.CompareTo(other.Mark) is not 0 and var order ? order : string.CompareOrdinal(one.Key, other.Key)));

    /// <summary>Those of them that are there again.</summary>
    private readonly HashSet<string> _returned = new(StringComparer.Ordinal);

    private readonly LeaveMemory _left = new();
    private TimeSpan? _cameBackAt;
    private TimeSpan? _doubtedLast;
    private TimeSpan _heard;
    private readonly Dictionary<int, int> _ready = [];
    private readonly RejectionCount _rejections = new(timeProvider);
    private readonly List<Rejection> _newlyRejected = [];
    private readonly HashSet<string> _remarks = new(StringComparer.Ordinal);
    private readonly List<(string Key, string Remark)> _newRemarks = [];

    /// <summary>How many keys there are, usable or not.</summary>
    public int Count => _entries.Count;

    /// <summary>The key that was written last, with the revision and the value of that write; null when nothing is known of any.</summary>
    public (string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest
    {
        get
        {
            var (key, entry) = _entries.Count > 0 ? _entries.MaxBy(static pair => pair.Value.ModifiedRevision) : default;
            return entry.ModifiedRevision > 0 ? (key, entry.ModifiedRevision, entry.Value) : null;
        }
    }

    /// <summary>Whether there is somebody whose expiry is doubted.</summary>
    public bool IsDoubting => _doubtedLast is { } last && _heard - last < ExpiredMember.Doubt;

    /// <summary>The store answers again, after a time in which it answered nobody: what expires in the next moments is doubted, and what was is so anew.</summary>
    public void CameBack()
    {
        var now = timeProvider.Mark();
        _cameBackAt = now;
        if (IsDoubting)
        {
            _doubtedLast = now;
            foreach (var (key, expired) in _expired.Where(pair => pair.Value.IsDoubted(_heard)).ToList())
            {
                _expired[key] = expired with { DoubtedSince = now };
            }
        }
    }

    /// <summary>The store gave a sign of life.</summary>
    /// <returns>Whether somebody was doubted until now, who may be so no longer.</returns>
    public bool Heard()
    {
        var wasDoubting = IsDoubting;
        _heard = timeProvider.Mark();
        return wasDoubting;
    }

    /// <summary>A key was written.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="createdRevision">The revision that created it.</param>
    /// <param name="modifiedRevision">The revision of this value.</param>
    /// <param name="isLeased">Whether it ends with a lease.</param>
    public void Put(string key, ReadOnlyMemory<byte> value, long createdRevision, long modifiedRevision, bool isLeased)
    {
        if (_expired.ContainsKey(key))
        {
            // Remembered for as long as others of the same event may be held, so that its return takes nobody else out.
            _returned.Add(key);
        }

        var known = _entries.TryGetValue(key, out var entry);
        if (known && entry.ModifiedRevision == modifiedRevision && entry.Value.Span.SequenceEqual(value.Span))
        {
            // In a store that was restored from a backup a revision comes again, with another value.
            return;
        }

        var remarks = RecordRemarks.None;
        var isMember = keys.TryParseMember(key, out var memberKey, out var error);
        if (!isMember || !MemberRecord.TryRead(memberKey, value, out var member, out error, out remarks))
        {
            // A key that was deleted and written again is another member: nothing of the earlier one stays.
            // That its member is not ready stays true until a record that can be used says otherwise.
            var (lastGood, inForce) = known && entry.CreatedRevision == createdRevision ? (entry.LastGood, entry.Member) : (null, null);
            var state = remarks.State is { } told and not MemberState.Ready ? told : inForce?.State;
            var rejected = new RejectedRecord(MemberRules.Shorten(key, LongestKeyShown), error!, lastGood is not null)
            {
                IsNotReady = remarks.State is not (null or MemberState.Ready) || (inForce is not null && inForce.State != lastGood!.State),
                Member = isMember ? memberKey : null,
            };
            Set(key, new Entry(lastGood is null ? null : lastGood with { State = state!.Value }, lastGood, rejected, createdRevision, modifiedRevision, isLeased, value));
            if (_rejections.Count(key) is { } times && (times == 0 || int.IsPow2(times)))
            {
                _newlyRejected.Add(new Rejection(rejected, times));
            }

            return;
        }

        foreach (var remark in remarks.Ignored.Where(remark => _remarks.Count < MostRemarks && _remarks.Add(remark)))
        {
            _newRemarks.Add((key, remark));
        }

        Take(key, member with { CreatedRevision = createdRevision }, modifiedRevision, isLeased, value);
    }

    /// <summary>
    /// A key was deleted. A static one by somebody; a leased one by its lease, unless its member was on its way out: an announcer says
    /// that it is going before it deletes its key.
    /// </summary>
    public void Delete(string key)
    {
        if (!Remove(key, out var entry))
        {
            return;
        }

        _left.Deleted(entry.Member, entry.IsLeased);
        if (entry.IsLeased)
        {
            Expire(key, entry);
        }
    }

    /// <summary>Takes a membership of before as what was known last, so that those that a first listing lacks count as expired, and those that had expired still do.</summary>
    public void Seed(Membership before)
    {
        foreach (var member in before.Members)
        {
            Take(keys.Member(member.Key), member, 0, isLeased: true, default);
        }

        foreach (var expired in before.Expired)
        {
            Expire(keys.Member(expired.Member.Key), expired);
            _left.Add(expired.Member, LeaveCause.Expired);
        }
    }

    /// <summary>
    /// Takes a membership of another store as what was known last, after the first listing of this one: who of it is not here has expired, all at once. Nothing of it is
    /// the record of a key of this store.
    /// </summary>
    public void SeedStrangers(Membership before)
    {
        foreach (var set in before.Members.Where(static member => member.State == MemberState.Ready).GroupBy(static member => member.Key.Set))
        {
            var size = set.Count();
            foreach (var member in set.Where(member => !_entries.ContainsKey(keys.Member(member.Key))))
            {
                Expire(keys.Member(member.Key), new ExpiredMember(member, timeProvider.GetUtcNow(), size, timeProvider.Mark()) { IsOfAnotherStore = true });
                _left.Add(member, LeaveCause.Missing);
            }
        }
    }

    /// <summary>
    /// Takes members that get calls by a proxy's own list as what was known last too, after the first listing: who of them neither that nor a membership of before
    /// knows has expired while nobody watched. Whether its announcer lives is not known, so it is doubted. Who went since is known, and whose address somebody else
    /// of its set has by now only has another name.
    /// </summary>
    /// <param name="listed">One a key.</param>
    /// <returns>How many have expired so, or had by another address.</returns>
    public int SeedListed(IReadOnlyList<Member> listed)
    {
        var missing = 0;
        var present = _entries.Values.Select(static entry => entry.Member).OfType<Member>().ToList();
        var addresses = present.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        foreach (var set in listed.OrderBy(static member => member.Key).GroupBy(static member => member.Key.Set))
        {
            var size = set.Concat(present.Where(member => member.Key.Set == set.Key && member.State == MemberState.Ready)).DistinctBy(static member => member.Key).Count();
            foreach (var member in set.Where(member => !addresses.Contains((member.Key.Set, member.Uri))))
            {
                var key = keys.Member(member.Key);
                if (_entries.ContainsKey(key))
                {
                    continue;
                }

                if (_expired.TryGetValue(key, out var known) && !_returned.Contains(key) && !known.Member.Uri.Equals(member.Uri))
                {
                    // What was saved is older than the list: if it is kept, then as it stands there.
                    _expired[key] = known with { Member = known.Member with { Uri = member.Uri } };
                    missing++;
                }
                else if (known is null && !_left.Knows(member.Key))
                {
                    var mark = timeProvider.Mark();
                    Expire(key, new ExpiredMember(member, timeProvider.GetUtcNow(), size, mark) { DoubtedSince = mark });
                    _left.Add(member, LeaveCause.Missing);
                    missing++;
                }
            }
        }

        return missing;
    }

    /// <summary>The store was listed whole: what is not in the list is gone.</summary>
    public void RetainOnly(IReadOnlySet<string> present)
    {
        foreach (var key in _entries.Keys.Where(key => !present.Contains(key)).ToList())
        {
            // Whether it said that it was going nobody heard.
            Remove(key, out var entry);
            _left.Add(entry.Member, LeaveCause.Missing);
            Expire(key, entry);
        }
    }

    /// <summary>The records rejected since the last call, each once; of one that is rewritten over and over the first, second, fourth, eighth time; of a crowd some thousand.</summary>
    public IReadOnlyList<Rejection> TakeNewlyRejected()
    {
        Rejection[] taken = [.. _newlyRejected];
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
        Expired = Expiries(isBack: false),
        Returned = Expiries(isBack: true),
        Left = _left.All,
        Records = Count,
        Heard = _heard,
    };

    private IReadOnlyList<ExpiredMember> Expiries(bool isBack) =>
        [.. _expired.Where(pair => _returned.Contains(pair.Key) == isBack).Select(static pair => pair.Value).OrderBy(static expired => expired.Mark).ThenBy(static expired => expired.Member.Key)];

    private void Take(string key, Member member, long modifiedRevision, bool isLeased, ReadOnlyMemory<byte> value) =>
        Set(key, new Entry(member, member, null, member.CreatedRevision, modifiedRevision, isLeased, value));

    private void Expire(string key, Entry entry)
    {
        if (entry.Member is { State: MemberState.Ready } member)
        {
            var mark = timeProvider.Mark();
            var isDoubted = _cameBackAt is { } moment && mark - moment <= DoubtTime;
            Expire(
                key,
                new ExpiredMember(member, timeProvider.GetUtcNow(), _ready.GetValueOrDefault(member.Key.Set) + 1, mark) { DoubtedSince = isDoubted ? mark : null });
        }
    }

    private void Expire(string key, ExpiredMember expired)
    {
        while (_expiries.Count > 0 && _expiries.Min is var oldest && timeProvider.Mark() - oldest.Mark > Memory)
        {
            Forget(oldest.Key);
        }

        Forget(key);
        _doubtedLast = expired.DoubtedSince ?? _doubtedLast;
        _expired[key] = expired;
        _expiries.Add((expired.Mark, key));
    }

    private void Forget(string key)
    {
        if (_expired.Remove(key, out var expired))
        {
            _expiries.Remove((expired.Mark, key));
            _returned.Remove(key);
        }
    }

    private void Set(string key, Entry entry)
    {
        Remove(key, out _);
        _entries[key] = entry;
        if (entry.Member is not { } member)
        {
            return;
        }

        _left.Forget(member.Key);
        if (member.State == MemberState.Ready)
        {
            _ready[member.Key.Set] = _ready.GetValueOrDefault(member.Key.Set) + 1;
        }
    }

    private bool Remove(string key, out Entry entry)
    {
        var isRemoved = _entries.Remove(key, out entry);
        if (isRemoved && entry.Member is { State: MemberState.Ready } member && --_ready[member.Key.Set] == 0)
        {
            _ready.Remove(member.Key.Set);
        }

        return isRemoved;
    }

    /// <param name="Member">What is in force.</param>
    /// <param name="LastGood">The last usable record, which is in force unless a later one says that the member is not ready.</param>
    /// <param name="Rejected">The record, where it cannot be used.</param>
    /// <param name="CreatedRevision">The revision that created the key.</param>
    /// <param name="ModifiedRevision">The revision of the record.</param>
    /// <param name="IsLeased">Whether it ends with a lease.</param>
    /// <param name="Value">The record as it was written; empty where that is not known.</param>
    private readonly record struct Entry(Member? Member, Member? LastGood, RejectedRecord? Rejected, long CreatedRevision, long ModifiedRevision, bool IsLeased, ReadOnlyMemory<byte> Value);
}
