namespace KamRpcDispatcher.Push.Grace;

/// <summary>How long a grace period is waited for.</summary>
internal sealed record GraceOptions
{
    /// <summary>Between two structural changes where Kamailio's processes cannot be seen.</summary>
    public required TimeSpan Gap { get; init; }

    /// <summary>The longest wait for the end, after which the change is left for later.</summary>
    public required TimeSpan Cap { get; init; }

    /// <summary>So many such waits on end prove nothing before the long gap may take over.</summary>
    public int WaitsBeforeLongGap { get; init; } = 3;

    /// <summary>
    /// Between two structural changes under an overload, where no process ever rests. It is sixty times the longest grace period that was ever
    /// observed (529 ms), and longer than the 5 s after which a resolver or a database client usually gives up.
    /// </summary>
    public TimeSpan LongGap { get; init; } = TimeSpan.FromSeconds(30);
}
