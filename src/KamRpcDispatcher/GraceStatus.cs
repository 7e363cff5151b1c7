namespace KamRpcDispatcher;

/// <summary>The grace periods between structural changes so far.</summary>
/// <param name="Mode">How their end is found.</param>
/// <param name="Count">How many ended.</param>
/// <param name="MedianMilliseconds">The median length of the last 1,024.</param>
/// <param name="P99Milliseconds">Their 99th percentile.</param>
/// <param name="MaxMilliseconds">The longest ever.</param>
/// <param name="Timeouts">How often the end was not seen within the cap.</param>
public readonly record struct GraceStatus(string Mode, long Count, double MedianMilliseconds, double P99Milliseconds, double MaxMilliseconds, long Timeouts)
{
    /// <summary>How often the long gap took the place of a proof; 0 in a report, which does not say it.</summary>
    public long LongGaps { get; init; }
}
