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

    /// <summary>Whether a destination that nobody wants any more, by set and URI, is to be removed now; until then it stays disabled.</summary>
    public Func<int, string, bool> MayRemove { get; init; } = static (_, _) => true;

    /// <summary>Whether a destination gets calls only after Kamailio's own first good reply to a probe.</summary>
    public bool IsAdmissionProbed { get; init; }

    public bool Manages(int set) => Sets?.Contains(set) ?? true;
}
