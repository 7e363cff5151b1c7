using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Reconcile;

/// <summary>
/// Holds expired members back that would take a set below its floor: when many leases end at once, the store or the network is more
/// likely ill than the servers. Pure.
/// </summary>
/// <remarks>
/// A clean withdrawal is no expiry, and an expiry by itself is never held back. A held member stays as it was until it comes back in
/// whatever state, or the hold time has passed.
/// </remarks>
internal static class PanicGuard
{
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

        return [.. membership.Expired.GroupBy(static expired => expired.Member.Key.Set).SelectMany(set => HeldOfSet([.. set.OrderBy(static expired => expired.Mark)], options, now))];
    }

    private static IEnumerable<Member> HeldOfSet(ExpiredMember[] expired, PanicOptions options, TimeSpan now)
    {
        var released = new Queue<TimeSpan>();
        var before = LargestWithin(expired, options.Window);
        for (var index = 0; index < expired.Length; index++)
        {
            var mark = expired[index].Mark;
            while (released.TryPeek(out var earlier) && mark - earlier > options.Window)
            {
                released.Dequeue();
            }

            var floor = (int)Math.Ceiling(before[index] * options.Threshold / 100.0);
            var mayGo = Math.Max(1, before[index] - floor);
            if (released.Count < mayGo)
            {
                released.Enqueue(mark);
            }
            else if (now - mark < options.Hold)
            {
                yield return expired[index].Member;
            }
        }
    }

    /// <summary>
    /// What the set was before the event that each is part of: the most that any of the event has seen. Not counted from who is left: that
    /// changes when some come back or are confirmed as gone, and then those that were let go before would be held again.
    /// </summary>
    /// <param name="expired">In the order of their marks. There may be those of a day: none is looked at more than twice.</param>
    /// <param name="window">How far apart those of one event are.</param>
    private static int[] LargestWithin(ExpiredMember[] expired, TimeSpan window)
    {
        var largest = new int[expired.Length];

        // Those of the window that may still be the largest of a later one, the largest first.
        var candidates = new LinkedList<ExpiredMember>();
        for (var (index, next) = (0, 0); index < expired.Length; index++)
        {
            for (; next < expired.Length && expired[next].Mark - expired[index].Mark <= window; next++)
            {
                while (candidates.Last is { } last && last.Value.SetSize <= expired[next].SetSize)
                {
                    candidates.RemoveLast();
                }

                candidates.AddLast(expired[next]);
            }

            while (expired[index].Mark - candidates.First!.Value.Mark > window)
            {
                candidates.RemoveFirst();
            }

            largest[index] = candidates.First.Value.SetSize;
        }

        return largest;
    }
}
