namespace KamRpcDispatcher.Push.Grace;

/// <summary>How it stands with the grace period, for logs and reports.</summary>
/// <param name="Mode">How the end is found.</param>
public sealed record GraceState(string Mode)
{
    /// <summary>More are counted and not named.</summary>
    public const int MostNames = 8;

    /// <summary>Since when structural changes have been pending longer than they should; null when none is.</summary>
    public DateTimeOffset? OverdueSince { get; init; }

    /// <summary>Who has not been seen at rest since the last structural change, such as "slow timer (PID 4711)"; empty unless overdue.</summary>
    public IReadOnlyList<string> Unseen { get; init; } = [];

    /// <summary>How many these are.</summary>
    public int UnseenCount { get; init; }

    /// <summary>Those of them that have not moved either, so that the long gap does not help; empty until it would.</summary>
    public IReadOnlyList<string> Stuck { get; init; } = [];
}
