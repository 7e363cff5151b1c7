namespace KamRpcDispatcher.Asterisk;

/// <summary>A change that an <see cref="AsteriskMonitor"/> has seen.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Reason">Why, for people; null where there is nothing to add.</param>
public sealed record AsteriskNotice(AsteriskNoticeKind Kind, string? Reason = null);
