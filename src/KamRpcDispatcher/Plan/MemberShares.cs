using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>A ready member's shares of the calls of its set.</summary>
/// <param name="Member">The member.</param>
/// <param name="Relative">Under algorithm 11.</param>
/// <param name="Percentages">Under algorithm 9.</param>
public sealed record MemberShare(Member Member, WeightShare Relative, WeightShare Percentages)
{
    public WeightShare Under(WeightedAlgorithm algorithm) => algorithm == WeightedAlgorithm.Percentages ? Percentages : Relative;
}

/// <summary>The shares in one set, computed from the membership alone: every ready member counts as routable.</summary>
/// <param name="Set">The set's number.</param>
/// <param name="Members">The ready members, the first one of Kamailio's list first.</param>
/// <param name="ArePercentages">Whether the weights sum to 100, as algorithm 9 wants it, members that are not ready included.</param>
public sealed record MemberShares(int Set, IReadOnlyList<MemberShare> Members, bool ArePercentages)
{
    /// <summary>Of each set in which two or more members are ready and one of these has a weight.</summary>
    /// <remarks>
    /// Members that are not ready count as entries that are disabled: algorithm 9 gives their calls to the next one. Entries of others in
    /// the set, and Kamailio's own verdicts, are not known here.
    /// </remarks>
    public static IReadOnlyList<MemberShares> Of(IEnumerable<Member> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return [.. members.GroupBy(static member => member.Key.Set).OrderBy(static set => set.Key).Select(OfSet).Where(static set => set.IsShared)];
    }

    /// <summary>Who is farthest from what its weight says, when that is far; null when nobody is.</summary>
    public MemberShare? FarthestOff(WeightedAlgorithm algorithm) =>
        Members.Where(member => member.Under(algorithm).IsFarOff).MaxBy(member => member.Under(algorithm).Off);

    private bool IsShared => Members.Count > 1 && Members.Any(static member => member.Member.Weight > 0);

    private static MemberShares OfSet(IGrouping<int, Member> set)
    {
        // The order decides who gets the rest: it is that of the priorities which the planner gives to an empty list.
        var taken = new HashSet<int>();
        var listed = AddressClaim.Of(set)
            .Select(static claim => claim.Holder)
            .Select(member => (Member: member, Priority: PriorityEncoding.Choose(member, DestinationOrder.Priority, taken)))
            .OrderByDescending(static entry => entry.Priority)
            .Select(static entry => entry.Member)
            .ToList();
        (int, bool)[] weights = [.. listed.Select(static member => (member.Weight ?? 0, member.State == MemberState.Ready))];
        var relative = WeightShares.TrueShares(WeightedAlgorithm.Relative, weights);
        var percentages = WeightShares.TrueShares(WeightedAlgorithm.Percentages, weights);
        return new MemberShares(
            set.Key,
            [.. listed.Select((member, index) => new MemberShare(member, relative[index], percentages[index])).Where(static share => share.Member.State == MemberState.Ready)],
            listed.Sum(static member => member.Weight ?? 0) == 100);
    }
}
