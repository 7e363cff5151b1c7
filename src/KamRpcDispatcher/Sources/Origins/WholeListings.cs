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
/// <param name="whyExpired">How those went that had expired before.</param>
internal sealed class WholeListings(TimeProvider timeProvider, Func<OperatorIntents?>? wished = null, LeaveCause whyExpired = LeaveCause.Emptied)
{
    private readonly Lock _lock = new();
    private readonly ToldMembers _told = new(timeProvider, wished);
    private IReadOnlyList<RejectedRecord> _rejected = [];

    /// <summary>The newest membership; null before the first <see cref="Replace"/>.</summary>
    public Membership? Current => _told.Current;

    /// <inheritdoc cref="IMemberOrigin.Seed"/>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _told.Seed(before, whyExpired);
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
            var gone = _told.Members.Values.Where(member => !present.Contains(member.Key)).OrderBy(static member => member.Key).ToList();
            var isChanged = _told.Current is null || gone.Count > 0 || !rejected.SequenceEqual(_rejected);
            Leave(gone, whyLeft ?? AsOthersStay(members));
            foreach (var member in members)
            {
                var known = _told.Members.GetValueOrDefault(member.Key);
                var now = member with { CreatedRevision = known?.CreatedRevision ?? _told.Revision + 1 };
                if (known == now || (known is not null && ToldMembers.AreSame(known, now)))
                {
                    continue;
                }

                isChanged = true;
                _told.Expiries.Returned(ToldMembers.NameOf(member.Key), member.State);
                _told.Put(now);
            }

            _rejected = rejected;
            _told.Expiries.Heard();
            if (isChanged)
            {
                _told.Publish(_rejected);
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
            if (_told.Current is null)
            {
                return false;
            }

            var gone = _told.Missing(listed);
            foreach (var member in gone)
            {
                _told.Put(member);
            }

            Leave(gone, whyLeft ?? AsOthersStay([.. _told.Members.Values.Except(gone)]));
            if (gone.Count > 0)
            {
                _told.Publish(_rejected);
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
        return member => sets.Contains(member.Key.Set) ? LeaveCause.Withdrawn : LeaveCause.Emptied;
    }

    /// <summary>All at once: each set was as large as before the first of them went.</summary>
    private void Leave(IReadOnlyList<Member> gone, Func<Member, LeaveCause> whyLeft)
    {
        var (mark, now) = (timeProvider.Mark(), timeProvider.GetUtcNow());
        foreach (var set in gone.GroupBy(static member => member.Key.Set))
        {
            var size = _told.Serving.Count(set.Key);
            foreach (var member in set)
            {
                var cause = whyLeft(member);
                var hasExpired = cause is LeaveCause.Emptied or LeaveCause.Unsourced or LeaveCause.Expired or LeaveCause.Missing;
                _told.Left.Add(member, cause is LeaveCause.Expired or LeaveCause.Missing && member.State != MemberState.Ready ? LeaveCause.NotReady : cause);
                if (hasExpired && member.State == MemberState.Ready && !_told.Serving.IsDrained(member.Key))
                {
                    _told.Expiries.Add(ToldMembers.NameOf(member.Key), new ExpiredMember(member, now, size, mark));
                }
            }
        }

        foreach (var member in gone)
        {
            _told.Remove(member.Key);
        }
    }
}
