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
    public static IReadOnlyList<Member> Held(Membership membership, PanicOptions options, DateTimeOffset now)
    {
        if (options.Threshold <= 0 || membership.Expired.Count == 0)
        {
            return [];
        }

        return [.. membership.Expired.GroupBy(static expired => expired.Member.Key.Set).SelectMany(set => HeldOfSet([.. set], options, now))];
    }

    private static IEnumerable<Member> HeldOfSet(ExpiredMember[] expired, PanicOptions options, DateTimeOffset now)
    {
        var released = new List<DateTimeOffset>();
        foreach (var (member, at, _) in expired)
        {
            // What the set was before this event. Not counted from who is left: that changes when some come back or are confirmed as
            // gone, and then those that were let go before would be held again.
            var before = expired.Where(other => (other.At - at).Duration() <= options.Window).Max(static other => other.SetSize);
            var floor = (int)Math.Ceiling(before * options.Threshold / 100.0);
            var mayGo = Math.Max(1, before - floor);
            if (released.Count(other => at - other <= options.Window) < mayGo)
            {
                released.Add(at);
            }
            else if (now - at < options.Hold)
            {
                yield return member;
            }
        }
    }
}
