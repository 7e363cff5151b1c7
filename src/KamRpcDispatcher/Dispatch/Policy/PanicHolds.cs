using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Who is held back, from cycle to cycle: whoever was let go once stays so until he is back, whatever happens to others meanwhile. <see cref="PanicGuard"/> by itself would take him for held
/// again when one of his event who came back goes another time, and he would get calls again.
/// </summary>
/// <param name="options">How careful.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="manages">Whether a set is managed.</param>
internal sealed class PanicHolds(PanicOptions options, TimeProvider timeProvider, Predicate<int> manages)
{
    private HashSet<(MemberKey Key, TimeSpan Mark)> _released = [];

    /// <summary>Who is followed by a membership now, and how long nobody who is doubted may come back.</summary>
    /// <param name="membership">Who is there, and who has expired.</param>
    public (CycleMembers Members, TimeSpan Doubt) Followed(Membership membership)
    {
        var now = timeProvider.Mark();
        var (doubted, doubt) = PanicGuard.Doubted(membership, now, manages);
        var judged = membership.Expired.Where(expired => !expired.IsDoubted(membership.Heard)).Select(static expired => (expired.Member.Key, expired.Mark)).ToList();
        var released = judged.Where(_released.Contains).Select(static one => one.Key).ToHashSet();
        List<Member> held = [.. PanicGuard.Held(membership, options, now).Where(member => manages(member.Key.Set) && !released.Contains(member.Key))];
        _released = [.. judged.ExceptBy(held.Select(static member => member.Key), static one => one.Key)];
        return (CycleMembers.Of(membership, held, doubted), doubt);
    }
}
