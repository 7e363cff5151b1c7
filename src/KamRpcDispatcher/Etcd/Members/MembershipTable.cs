using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Holds what the store said last of each member's key. A record that cannot be used does not displace the last usable one.</summary>
/// <remarks>
/// Whom an operator drains when its key goes nobody calls: it has not expired but leaves, and is no part of what its set was. That is decided then, by what is
/// known to be wished at that moment: no drain and no resume later says anything of who went before.
/// </remarks>
internal sealed class MembershipTable(EtcdKeys keys, TimeProvider timeProvider, Func<OperatorIntents?>? wished = null)
{
    private const int LongestKeyShown = 256;

    private readonly Dictionary<string, MemberEntry> _entries = new(StringComparer.Ordinal);
    private readonly SortedMembers _members = new();
    private readonly ExpiryMemory _expiries = new(timeProvider);
    private readonly LeaveMemory _left = new();
    private readonly ServingMembers _serving = new(wished ?? (static () => null));
    private readonly RecordNews _news = new(timeProvider);

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
    public bool IsDoubting => _expiries.IsDoubting;

    /// <summary>The store answers again, after a time in which it answered nobody: what expires in the next moments is doubted, and what was is so anew.</summary>
    public void CameBack() => _expiries.CameBack();

    /// <summary>The store gave a sign of life.</summary>
    /// <returns>Whether somebody was doubted until now, who may be so no longer.</returns>
    public bool Heard() => _expiries.Heard();

    /// <summary>A key was written.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="createdRevision">The revision that created it.</param>
    /// <param name="modifiedRevision">The revision of this value.</param>
    /// <param name="isLeased">Whether it ends with a lease.</param>
    public void Put(string key, ReadOnlyMemory<byte> value, long createdRevision, long modifiedRevision, bool isLeased)
    {
        _expiries.Returned(key);
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
            // A key that was deleted and written again is another member; that it is not ready stays true until a record that can be used says otherwise.
            var (lastGood, inForce) = known && entry.CreatedRevision == createdRevision ? (entry.LastGood, entry.Member) : (null, null);
            var state = remarks.State is { } told and not MemberState.Ready ? told : inForce?.State;
            var rejected = new RejectedRecord(SafeText.Shorten(key, LongestKeyShown), error!, lastGood is not null)
            {
                IsNotReady = remarks.State is not (null or MemberState.Ready) || (inForce is not null && inForce.State != lastGood!.State),
                Member = isMember ? memberKey : null,
            };
            Set(key, new MemberEntry(lastGood is null ? null : lastGood with { State = state!.Value }, lastGood, rejected, createdRevision, modifiedRevision, isLeased, value));
            _news.Rejected(key, rejected);
            return;
        }

        _expiries.Returned(key, member.State);
        _news.LeftOut(key, remarks.Ignored);
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
            _expiries.Add(keys.Member(expired.Member.Key), expired);
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
            var size = set.Count(member => !_serving.IsDrained(member.Key));
            foreach (var member in set.Where(member => !_entries.ContainsKey(keys.Member(member.Key))))
            {
                _left.Add(member, LeaveCause.Missing);
                if (!_serving.IsDrained(member.Key))
                {
                    _expiries.Add(keys.Member(member.Key), new ExpiredMember(member, timeProvider.GetUtcNow(), size, timeProvider.Mark()) { IsOfAnotherStore = true });
                }
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
        var present = _members.Now;
        var addresses = present.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        foreach (var set in listed.OrderBy(static member => member.Key).GroupBy(static member => member.Key.Set))
        {
            var size = set.Concat(present.Where(member => member.Key.Set == set.Key && member.State == MemberState.Ready)).DistinctBy(static member => member.Key).Count(member => !_serving.IsDrained(member.Key));
            foreach (var member in set.Where(member => !addresses.Contains((member.Key.Set, member.Uri))))
            {
                var key = keys.Member(member.Key);
                if (_entries.ContainsKey(key))
                {
                    continue;
                }

                if (_expiries.Moved(key, member.Uri))
                {
                    // What was saved is older than the list: if it is kept, then as it stands there.
                    missing++;
                }
                else if (!_expiries.Knows(key) && !_left.Knows(member.Key))
                {
                    _left.Add(member, LeaveCause.Missing);
                    if (!_serving.IsDrained(member.Key))
                    {
                        _expiries.AddDoubted(key, member, size);
                        missing++;
                    }
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

    /// <inheritdoc cref="RecordNews.TakeRejected"/>
    public IReadOnlyList<Rejection> TakeNewlyRejected() => _news.TakeRejected();

    /// <inheritdoc cref="RecordNews.TakeLeftOut"/>
    public IReadOnlyList<(string Key, string Remark)> TakeNewRemarks() => _news.TakeLeftOut();

    public Membership At(long revision) => new(
        revision, _members.Now, [.. _entries.Values.Select(static entry => entry.Rejected).OfType<RejectedRecord>()])
    {
        Expired = _expiries.All(isBack: false),
        Returned = _expiries.All(isBack: true),
        Left = _left.All,
        Records = Count,
        Heard = _expiries.HeardAt,
    };

    private void Take(string key, Member member, long modifiedRevision, bool isLeased, ReadOnlyMemory<byte> value) =>
        Set(key, new MemberEntry(member, member, null, member.CreatedRevision, modifiedRevision, isLeased, value));

    private void Expire(string key, MemberEntry entry)
    {
        if (entry.Member is { State: MemberState.Ready } member && !_serving.IsDrained(member.Key))
        {
            _expiries.Add(key, member, _serving.Count(member.Key.Set) + 1);
        }
    }

    private void Set(string key, MemberEntry entry)
    {
        Remove(key, out _);
        _entries[key] = entry;
        if (entry.Member is not { } member)
        {
            return;
        }

        _members.Put(member);
        _left.Forget(member.Key);
        if (member.State == MemberState.Ready)
        {
            _serving.Add(member.Key);
        }
    }

    private bool Remove(string key, out MemberEntry entry)
    {
        var isRemoved = _entries.Remove(key, out entry);
        if (isRemoved && entry.Member is { } member)
        {
            _members.Remove(member.Key);
            _serving.Remove(member.Key);
        }

        return isRemoved;
    }
}
