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

    /// <inheritdoc cref="PanicGuard.Followed"/>
    public (CycleMembers Members, TimeSpan Doubt) Followed(Membership membership)
    {
        var (members, doubt) = PanicGuard.Followed(membership, options, timeProvider.Mark(), manages);
        if (membership.Expired.Count == 0)
        {
            _released = [];
            return (members, doubt);
        }

        var held = members.Held.Select(static member => member.Key).ToHashSet();
        var judged = membership.Expired.Where(expired => !expired.IsDoubted(membership.Heard)).Select(static expired => (expired.Member.Key, expired.Mark)).ToList();
        held.ExceptWith(judged.Where(_released.Contains).Select(static one => one.Key));
        _released = [.. judged.Where(one => !held.Contains(one.Key))];
        return (held.Count == members.Held.Count ? members : members with { Held = [.. members.Held.Where(member => held.Contains(member.Key))] }, doubt);
    }
}
