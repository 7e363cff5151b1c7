namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>Whether a proxy's Kamailio answers.</summary>
/// <param name="Answers">Whether its list was read at the last try.</param>
/// <param name="Since">Since when it is so.</param>
/// <param name="Reason">Why not, and what to do, in one line; null when it answers.</param>
public sealed record KamailioContact(bool Answers, DateTimeOffset Since, string? Reason);
