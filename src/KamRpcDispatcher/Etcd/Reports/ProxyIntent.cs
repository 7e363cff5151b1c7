namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What an operator wishes of the proxy itself, as its dispatcher has read it.</summary>
/// <param name="Revision">The revision of the store up to which that was read; 0 until it has been, and while it is one saved before.</param>
/// <param name="IsDrained">Whether the proxy asks its VIP to leave: <c>kamrpc health</c> fails there, and calls that come are routed as ever.</param>
public sealed record ProxyIntent(long Revision, bool IsDrained)
{
    /// <summary>As <see cref="ProxyStatus.Applies"/> names it.</summary>
    public const string Kind = "proxies";

    /// <summary>As long as <see cref="By"/> may be, in bytes of JSON.</summary>
    internal const int LongestBy = 80;

    /// <summary>As long as <see cref="Reason"/> may be, in bytes of JSON.</summary>
    internal const int LongestReason = 160;

    /// <summary>Who has drained it; null where nobody has, or nobody knows who.</summary>
    public string? By { get; init; }

    /// <summary>Since when; null where nobody has, or nobody knows.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }
}
