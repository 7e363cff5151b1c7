using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Holds expired members back that would take a set below its floor: when many leases end at once, the store or the network is more
/// likely ill than the servers. Pure.
/// </summary>
/// <remarks>
/// A clean withdrawal is no expiry, and an expiry by itself is never held back, but for a moment where the store itself had been away. A held
/// member stays as it was until it comes back in whatever state, or the hold time has passed; that others come back takes no held one out, but who goes when they are back goes from a set
/// that has them.
/// Whom an operator had drained when its key went has not expired (<see cref="ExpiredMember"/>), and is no part of what its set was; who is drained since is not held, and changes nothing
/// for the others.
/// </remarks>
internal static class PanicGuard
{
    /// <summary>
    /// Those whose lease ended while the store answered nobody, for a moment in which it answers: whether they are alive is not known, and they will say so. A set of
    /// one would have nobody meanwhile.
    /// </summary>
    /// <param name="membership">Who is there, and who has expired.</param>
    /// <param name="now">By the clock of <see cref="ExpiredMember.Mark"/>.</param>
    /// <param name="manages">Whether a set is managed.</param>
    /// <returns>The members to keep for now, and for how long if the store says something then; when it does later, that is a change of its own.</returns>
    public static (IReadOnlyList<Member> Members, TimeSpan Left) Doubted(Membership membership, TimeSpan now, Predicate<int> manages)
    {
        var doubted = membership.Expired.Where(expired => expired.IsDoubted(membership.Heard) && manages(expired.Member.Key.Set)).ToList();
        var ends = doubted.Select(static expired => expired.DoubtedSince!.Value + ExpiredMember.Doubt).Where(end => end > now).ToList();
        return ([.. doubted.Select(static expired => expired.Member)], ends.Count == 0 ? TimeSpan.MaxValue : ends.Min() - now);
    }

    /// <summary>The expired members to keep for now.</summary>
    /// <param name="membership">Who is there, and who has expired.</param>
    /// <param name="options">How careful.</param>
    /// <param name="now">By the clock of <see cref="ExpiredMember.Mark"/>.</param>
    public static IReadOnlyList<Member> Held(Membership membership, PanicOptions options, TimeSpan now)
    {
        if (options.Threshold <= 0 || membership.Expired.Count == 0)
        {
            return [];
        }

        var returned = membership.Returned.ToLookup(static expired => expired.Member.Key.Set);
        return
        [
            .. from set in membership.Expired.Where(expired => !expired.IsDoubted(membership.Heard)).GroupBy(static expired => expired.Member.Key.Set)
               let gone = set.Select(static expired => expired.Member.Key).ToHashSet()
               let all = set.Concat(returned[set.Key]).OrderBy(static expired => expired.Mark).ThenBy(static expired => expired.Member.Key)
               from held in HeldOfSet([.. all], options, now)
               where gone.Contains(held.Member.Key) && held.Member.State == MemberState.Ready
               select held.Member,
        ];
    }

    /// <inheritdoc cref="WithoutStrangers(IReadOnlyList{Member}, Membership, IReadOnlyList{ListedDestination}, string)"/>
    public static CycleMembers WithoutStrangers(CycleMembers members, IReadOnlyList<ListedDestination> listed, string cluster) =>
        members with { Held = WithoutStrangers(members.Held, members.Membership, listed, cluster) };

    /// <summary>
    /// The same without those of another store that are not in Kamailio's list: that store may have nothing to do with this Kamailio, so who is there stays, and
    /// nobody is put there.
    /// </summary>
    /// <param name="held">The expired members to keep.</param>
    /// <param name="membership">Who is there, and who has expired.</param>
    /// <param name="listed">Kamailio's list.</param>
    /// <param name="cluster">By which own entries are known.</param>
    public static IReadOnlyList<Member> WithoutStrangers(IReadOnlyList<Member> held, Membership membership, IReadOnlyList<ListedDestination> listed, string cluster)
    {
        var strangers = membership.Expired.Where(static expired => expired.IsOfAnotherStore).Select(static expired => expired.Member.Key).ToHashSet();
        if (strangers.Count == 0 || held.Count == 0)
        {
            return held;
        }

        var own = listed.Where(entry => AttributeText.IsOwn(entry, cluster)).Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri))).ToHashSet();
        return [.. held.Where(member => !strangers.Contains(member.Key) || own.Contains(new EndpointKey(member.Key.Set, member.Uri.Endpoint)))];
    }

    private static IEnumerable<ExpiredMember> HeldOfSet(ExpiredMember[] expired, PanicOptions options, TimeSpan now)
    {
        var released = new ReleasedMembers(options.Window);
        var before = LargestWithin(expired, options.Window);
        for (var index = 0; index < expired.Length; index++)
        {
            var mark = expired[index].Mark;
            var floor = (int)Math.Ceiling(before[index] * options.Threshold / 100.0);
            var mayGo = Math.Max(1, before[index] - floor);
            if (released.At(mark) < mayGo)
            {
                released.Add(expired[index]);
            }
            else if (now - mark < options.Hold)
            {
                yield return expired[index];
            }
        }
    }

    /// <summary>
    /// What the set was before the event that each is part of: the most that any of the event has seen, those apart who were back before it went. Not counted from who is left: that
    /// changes when some come back or are confirmed as gone, and then those that were let go before would be held again.
    /// </summary>
    /// <param name="expired">In the order of their marks. There may be those of a day: none is taken up more than once.</param>
    /// <param name="window">How far apart those of one event are.</param>
    private static int[] LargestWithin(ExpiredMember[] expired, TimeSpan window)
    {
        var largest = new int[expired.Length];

        // Those of the window, the largest first; who is out of it, or back, stays out for all that follow.
        var candidates = new PriorityQueue<ExpiredMember, int>();
        for (var (index, next) = (0, 0); index < expired.Length; index++)
        {
            var mark = expired[index].Mark;
            for (; next < expired.Length && expired[next].Mark - mark <= window; next++)
            {
                candidates.Enqueue(expired[next], -expired[next].SetSize);
            }

            while (candidates.Peek() is var first && (mark - first.Mark > window || first.BackAt < mark))
            {
                candidates.Dequeue();
            }

            largest[index] = candidates.Peek().SetSize;
        }

        return largest;
    }
}
