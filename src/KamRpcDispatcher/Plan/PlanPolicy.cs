namespace KamRpcDispatcher.Plan;

/// <summary>What the planner goes by, beside the membership and the list.</summary>
/// <param name="Cluster">The cluster's name: the mark of own entries.</param>
public sealed record PlanPolicy(string Cluster)
{
    /// <summary>The sets to manage; null is every set. Entries of other sets are not looked at.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    /// <summary>Whether <c>dispatcher.add</c> takes a priority (Kamailio 5.6 and later).</summary>
    public bool HasPriorities { get; init; } = true;

    /// <summary>The additions that Kamailio refused and that are not to be tried now.</summary>
    public Func<AddDestination, bool> IsQuarantined { get; init; } = static _ => false;

    public bool Manages(int set) => Sets?.Contains(set) ?? true;
}
