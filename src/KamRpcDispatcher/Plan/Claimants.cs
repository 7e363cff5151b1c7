using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>Members of one set that have one address: one of them serves.</summary>
internal static class Claimants
{
    /// <summary>One member an address: a ready one, then one that Kamailio takes, then the one announced last.</summary>
    /// <param name="members">Those of one set.</param>
    /// <param name="policy">Says what Kamailio refuses.</param>
    /// <param name="superseded">The others.</param>
    public static List<Member> Choose(IEnumerable<Member> members, PlanPolicy policy, out List<Member> superseded)
    {
        var chosen = new List<Member>();
        superseded = [];
        foreach (var claimants in members.OrderBy(static member => member.Key).GroupBy(static member => member.Uri))
        {
            var ranked = claimants
                .OrderByDescending(static member => member.State == MemberState.Ready)
                .ThenBy(member => policy.Refused.Contains(new RefusedDestination(member.Key.Set, member.Uri.Text, AttributeText.Format(member, policy.Cluster))))
                .ThenByDescending(static member => member.CreatedRevision)
                .ToList();
            chosen.Add(ranked[0]);
            superseded.AddRange(ranked.Skip(1));
        }

        return chosen;
    }
}
