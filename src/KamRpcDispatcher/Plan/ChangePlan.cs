namespace KamRpcDispatcher.Plan;

/// <summary>What to change, in order, and what was left as it is.</summary>
/// <param name="Changes">Enables and adds, then disables, then replacements (a remove and an add each), then removes.</param>
/// <param name="Skips">What the membership asks for and the plan does not do.</param>
public sealed record ChangePlan(IReadOnlyList<Change> Changes, IReadOnlyList<Skip> Skips)
{
    public bool IsEmpty => Changes.Count == 0;
}
