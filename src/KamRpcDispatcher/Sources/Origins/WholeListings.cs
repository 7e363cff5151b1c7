using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Origins;

/// <summary>
/// Makes memberships of an origin that tells all of its members each time: who is new, who went and how, who is back. Whom an operator drains when it goes nobody calls: it has
/// not expired but leaves, and is no part of what its set was. Written by one, read by anybody.
/// </summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
internal sealed class WholeListings(TimeProvider timeProvider, Func<OperatorIntents?>? wished = null)
{
    private readonly Lock _lock = new();
    private readonly ExpiryMemory _expiries = new(timeProvider);
    private readonly LeaveMemory _left = new();
    private readonly ServingMembers _serving = new(wished ?? (static () => null));
    private readonly Dictionary<MemberKey, Member> _members = [];
    private IReadOnlyList<RejectedRecord> _rejected = [];
    private long _revision;
    private volatile Membership? _current;

    /// <summary>The newest membership; null before the first <see cref="Replace"/>.</summary>
    public Membership? Current => _current;

    /// <inheritdoc cref="IMemberOrigin.Seed"/>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _revision = Math.Max(_revision, before.Revision);
            foreach (var member in before.Members)
            {
                Put(member);
            }

            foreach (var expired in before.Expired)
            {
                _expiries.Add(KeyOf(expired.Member.Key), expired);
                _left.Add(expired.Member, LeaveCause.Expired);
            }
        }
    }

    /// <summary>Takes a complete listing.</summary>
    /// <param name="members">Every member, each once.</param>
    /// <param name="rejected">The records that cannot be used.</param>
    /// <param name="whyLeft">How one that is not there any more went; null for <see cref="AsOthersStay"/>.</param>
    /// <returns>Whether the membership is another one now.</returns>
    public bool Replace(IReadOnlyList<Member> members, IReadOnlyList<RejectedRecord> rejected, Func<Member, LeaveCause>? whyLeft = null)
    {
        lock (_lock)
        {
            var present = members.Select(static member => member.Key).ToHashSet();
            var gone = _members.Values.Where(member => !present.Contains(member.Key)).OrderBy(static member => member.Key).ToList();
            var isChanged = _current is null || gone.Count > 0 || !rejected.SequenceEqual(_rejected);
            Leave(gone, whyLeft ?? AsOthersStay(members));
            foreach (var member in members)
            {
                var known = _members.GetValueOrDefault(member.Key);
                var now = member with { CreatedRevision = known?.CreatedRevision ?? _revision + 1 };
                if (known == now || (known is not null && AreSame(known, now)))
                {
                    continue;
                }

                isChanged = true;
                _expiries.Returned(KeyOf(member.Key));
                Put(now);
            }

            _rejected = rejected;
            _expiries.Heard();
            if (isChanged)
            {
                Publish();
            }

            return isChanged;
        }
    }

    /// <inheritdoc cref="IMemberOrigin.SeedListed"/>
    /// <param name="listed">One a key.</param>
    /// <param name="whyLeft">How one that is not there went; null for <see cref="AsOthersStay"/>.</param>
    public bool SeedListed(IReadOnlyList<Member> listed, Func<Member, LeaveCause>? whyLeft = null)
    {
        lock (_lock)
        {
            if (_current is null)
            {
                return false;
            }

            // Whose address another name of its set has by now only has another name.
            var addresses = _members.Values.Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
            var gone = listed.Where(member =>
                !_members.ContainsKey(member.Key) && !addresses.Contains((member.Key.Set, member.Uri)) && !_expiries.Knows(KeyOf(member.Key)) && !_left.Knows(member.Key)).ToList();
            foreach (var member in gone)
            {
                Put(member);
            }

            Leave(gone, whyLeft ?? AsOthersStay([.. _members.Values.Except(gone)]));
            if (gone.Count > 0)
            {
                Publish();
            }

            return gone.Count > 0;
        }
    }

    /// <summary>
    /// Who leaves a set in which somebody stays or comes is withdrawn. A set that is left without anybody at once looks like a mishap, and is: its members have expired, so that
    /// the panic threshold holds.
    /// </summary>
    /// <param name="members">Who is there now.</param>
    internal static Func<Member, LeaveCause> AsOthersStay(IReadOnlyList<Member> members)
    {
        var sets = members.Select(static member => member.Key.Set).ToHashSet();
        return member => sets.Contains(member.Key.Set) ? LeaveCause.Withdrawn : LeaveCause.Expired;
    }

    /// <summary>All at once: each set was as large as before the first of them went.</summary>
    private void Leave(IReadOnlyList<Member> gone, Func<Member, LeaveCause> whyLeft)
    {
        var (mark, now) = (timeProvider.Mark(), timeProvider.GetUtcNow());
        foreach (var set in gone.GroupBy(static member => member.Key.Set))
        {
            var size = _serving.Count(set.Key);
            foreach (var member in set)
            {
                var cause = whyLeft(member);
                var hasExpired = cause is LeaveCause.Expired or LeaveCause.Missing;
                _left.Add(member, hasExpired && member.State != MemberState.Ready ? LeaveCause.NotReady : cause);
                if (hasExpired && member.State == MemberState.Ready && !_serving.IsDrained(member.Key))
                {
                    _expiries.Add(KeyOf(member.Key), new ExpiredMember(member, now, size, mark));
                }
            }
        }

        foreach (var member in gone)
        {
            _members.Remove(member.Key);
            _serving.Remove(member.Key);
        }
    }

    private void Put(Member member)
    {
        _members[member.Key] = member;
        _left.Forget(member.Key);
        if (member.State == MemberState.Ready)
        {
            _serving.Add(member.Key);
        }
        else
        {
            _serving.Remove(member.Key);
        }
    }

    private void Publish() => _current = new Membership(++_revision, [.. _members.Values.OrderBy(static member => member.Key)], _rejected)
    {
        Expired = _expiries.All(isBack: false),
        Returned = _expiries.All(isBack: true),
        Left = _left.All,
        Records = _members.Count + _rejected.Count,
        Heard = _expiries.HeardAt,
    };

    /// <summary>Two dictionaries of the same entries are two for a record's own equality.</summary>
    private static bool AreSame(Member one, Member other) =>
        one.Attributes.SequenceEqual(other.Attributes) && one.Labels.SequenceEqual(other.Labels) && one with { Attributes = other.Attributes, Labels = other.Labels } == other;

    private static string KeyOf(MemberKey key) => key.ToString();
}
