using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>Why the planner left something as it is, though the membership asks for something else.</summary>
public enum SkipReason
{
    /// <summary>The same destination stands in the set, put there by an operator or a list file.</summary>
    ForeignTwin,

    /// <summary>Another member of the set, announced later, has the same URI.</summary>
    Superseded,

    /// <summary>Kamailio refused the destination; it is tried again later.</summary>
    Quarantined,

    /// <summary>Nobody wants the destination any more; it is disabled, and removed after a while if nobody wants it back.</summary>
    RemovalDelayed,
}

/// <summary>One thing that the planner left as it is.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Set">The set's number.</param>
/// <param name="Uri">The URI's text.</param>
/// <param name="Member">The member it is about, null for an entry without one.</param>
public sealed record Skip(SkipReason Reason, int Set, string Uri, MemberKey? Member);
