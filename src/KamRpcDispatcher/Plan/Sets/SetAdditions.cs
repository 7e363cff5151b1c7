using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan.Sets;

/// <summary>How members of one set are written into Kamailio's list.</summary>
internal sealed class SetAdditions(int set, SetTable table, PlanPolicy policy)
{
    /// <summary>The two texts by which one destination may stand there.</summary>
    public static string[] Spellings(Member member) => [Spelling.First(member.Uri.Text), Spelling.Second(member.Uri.Text)];

    /// <summary>The addition of a member by one of its spellings.</summary>
    /// <param name="member">The member.</param>
    /// <param name="text">The spelling.</param>
    /// <param name="flags">With which flags.</param>
    /// <param name="priority">The priority of a place that is free; null for the one that it gets among those that are there.</param>
    public AddDestination Of(Member member, string text, int flags, int? priority) =>
        new(
            set,
            text,
            flags,
            policy.HasPriorities ? priority ?? PriorityEncoding.Choose(member, policy.Order, table.Priorities) : 0,
            AttributeText.Format(member, policy.Cluster));

    /// <summary>Whether an entry says of a member what is announced.</summary>
    public bool IsAsAnnounced(ListedDestination entry, Member member) =>
        AttributeText.AreSame(entry.Attributes, AttributeText.Format(member, policy.Cluster), policy.HasShareMaps)
        && (!policy.HasPriorities || PriorityEncoding.Matches(entry.Priority, member, policy.Order));
}
