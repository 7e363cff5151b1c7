using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push.Reading;

/// <summary>What came of the changes since the reading before.</summary>
/// <param name="IsReplaced">Whether Kamailio has replaced its table since, by our changes or by an operator's reload.</param>
/// <param name="IsWiped">Whether another Kamailio, or a reload of somebody else's, took what was there with it.</param>
/// <param name="Listed">What was added and is there.</param>
/// <param name="Missing">What Kamailio said it had added, and has not.</param>
internal sealed record ReadBackResult(bool IsReplaced, bool IsWiped, IReadOnlyList<AddDestination> Listed, IReadOnlyList<AddDestination> Missing)
{
    /// <summary>Whether a change of ours had Kamailio build its table anew, or may have.</summary>
    public bool HasRebuilt { get; init; }

    /// <summary>What the same Kamailio listed before, lists no more, and was not removed by us.</summary>
    public IReadOnlyList<VanishedDestination> Vanished { get; init; } = [];
}

/// <summary>An entry that has left the list without our doing, or by it and against our will.</summary>
internal sealed record VanishedDestination(int Set, string Uri, string Attributes);
