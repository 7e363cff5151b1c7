using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>What came of the changes since the reading before.</summary>
/// <param name="IsReplaced">Whether Kamailio has replaced its table since, by our changes or by an operator's reload.</param>
/// <param name="IsWiped">Whether another Kamailio, or a reload of somebody else's, took what was there with it.</param>
/// <param name="Listed">What was added and is there.</param>
/// <param name="Missing">What Kamailio said it had added, and has not.</param>
internal sealed record ReadBackResult(bool IsReplaced, bool IsWiped, IReadOnlyList<AddDestination> Listed, IReadOnlyList<AddDestination> Missing);
