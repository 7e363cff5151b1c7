using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>Remembers whose keys went without a word, and whether that says that their announcers are gone: after an absence of the store it does not yet.</summary>
/// <param name="timeProvider">The clock.</param>
internal sealed class ExpiryMemory(TimeProvider timeProvider)
{
    /// <summary>How long an expiry is remembered: longer than anybody holds an expired member.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <summary>For how long after an absence of the store expiries are doubted: a lease that ended meanwhile is revoked within a second of its return.</summary>
    private static readonly TimeSpan DoubtTime = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, ExpiredMember> _expired = new(StringComparer.Ordinal);

    /// <summary>The same in the order of their going. One key may go any number of times: nothing of an earlier time stays.</summary>
    private readonly SortedSet<(TimeSpan Mark, string Key)> _order =
        new(Comparer<(TimeSpan Mark, string Key)>.Create(static (one, other) => one.Mark.CompareTo(other.Mark) is not 0 and var order ? order : string.CompareOrdinal(one.Key, other.Key)));

    /// <summary>Those of them that are there again, ready or not.</summary>
    private readonly HashSet<string> _returned = new(StringComparer.Ordinal);

    private TimeSpan? _cameBackAt;
    private TimeSpan? _doubtedLast;

    /// <summary>When the store gave its last sign of life.</summary>
    public TimeSpan HeardAt { get; private set; }

    /// <summary>Whether there is somebody whose expiry is doubted.</summary>
    public bool IsDoubting => _doubtedLast is { } last && HeardAt - last < ExpiredMember.Doubt;

    /// <summary>The store answers again, after a time in which it answered nobody: what expires in the next moments is doubted, and what was is so anew.</summary>
    public void CameBack()
    {
        var now = timeProvider.Mark();
        _cameBackAt = now;
        if (IsDoubting)
        {
            _doubtedLast = now;
            foreach (var (key, expired) in _expired.Where(pair => pair.Value.IsDoubted(HeardAt)).ToList())
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
        HeardAt = timeProvider.Mark();
        return wasDoubting;
    }

    /// <summary>Whether a key is remembered as one that went.</summary>
    public bool Knows(string key) => _expired.ContainsKey(key);

    /// <summary>A key was written, perhaps again: one that had gone is remembered for as long as others of the same event may be held, so that its return takes nobody else out.</summary>
    public void Returned(string key)
    {
        if (_expired.ContainsKey(key))
        {
            _returned.Add(key);
        }
    }

    /// <summary>The same, and how its member is: what goes from now on goes from a set that has it, if it is ready.</summary>
    public void Returned(string key, MemberState state)
    {
        Returned(key);
        if (state == MemberState.Ready && _expired.TryGetValue(key, out var known) && known.BackAt is null)
        {
            _expired[key] = known with { BackAt = timeProvider.Mark() };
        }
    }

    /// <summary>Takes another address for one that went and is not back.</summary>
    /// <returns>Whether it is remembered with another one.</returns>
    public bool Moved(string key, SipUri uri)
    {
        if (!_expired.TryGetValue(key, out var known) || _returned.Contains(key) || known.Member.Uri.Equals(uri))
        {
            return false;
        }

        _expired[key] = known with { Member = known.Member with { Uri = uri } };
        return true;
    }

    /// <summary>A key went now: doubted, if the store was away until a moment ago.</summary>
    /// <param name="key">The key.</param>
    /// <param name="member">Its member, which was ready.</param>
    /// <param name="size">How many were ready in its set and not drained, it too.</param>
    public void Add(string key, Member member, int size)
    {
        var mark = timeProvider.Mark();
        var isDoubted = _cameBackAt is { } moment && mark - moment <= DoubtTime;
        Add(key, new ExpiredMember(member, timeProvider.GetUtcNow(), size, mark) { DoubtedSince = isDoubted ? mark : null });
    }

    /// <summary>A key went while nobody watched: it is doubted.</summary>
    /// <inheritdoc cref="Add(string, Member, int)"/>
    public void AddDoubted(string key, Member member, int size)
    {
        var mark = timeProvider.Mark();
        Add(key, new ExpiredMember(member, timeProvider.GetUtcNow(), size, mark) { DoubtedSince = mark });
    }

    /// <summary>A key went at a time that is known.</summary>
    public void Add(string key, ExpiredMember expired)
    {
        while (_order.Count > 0 && _order.Min is var oldest && timeProvider.Mark() - oldest.Mark > Memory)
        {
            Forget(oldest.Key);
        }

        Forget(key);
        _doubtedLast = expired.DoubtedSince ?? _doubtedLast;
        _expired[key] = expired;
        _order.Add((expired.Mark, key));
    }

    /// <summary>Those that are back, or those that are not, in the order of their going.</summary>
    public IReadOnlyList<ExpiredMember> All(bool isBack) =>
        [.. _expired.Where(pair => _returned.Contains(pair.Key) == isBack).Select(static pair => pair.Value).OrderBy(static expired => expired.Mark).ThenBy(static expired => expired.Member.Key)];

    private void Forget(string key)
    {
        if (_expired.Remove(key, out var expired))
        {
            _order.Remove((expired.Mark, key));
            _returned.Remove(key);
        }
    }
}
