namespace KamRpcDispatcher.Announce.Idle;

/// <summary>Whether a SIP server still has calls.</summary>
/// <param name="IsIdle">Whether it has none; null when that could not be found out.</param>
/// <param name="Description">What was found, in words: "3 calls", "AMI does not answer".</param>
public readonly record struct Idleness(bool? IsIdle, string Description);
