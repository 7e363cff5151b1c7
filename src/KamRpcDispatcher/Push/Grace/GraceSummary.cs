namespace KamRpcDispatcher.Push.Grace;

/// <summary>The grace periods of a daemon so far.</summary>
/// <param name="Count">How many ended.</param>
/// <param name="MedianMilliseconds">The median of the last 1,024.</param>
/// <param name="P99Milliseconds">Their 99th percentile.</param>
/// <param name="MaxMilliseconds">The longest ever.</param>
/// <param name="Timeouts">How often the end was not seen within the cap.</param>
public readonly record struct GraceSummary(long Count, double MedianMilliseconds, double P99Milliseconds, double MaxMilliseconds, long Timeouts)
{
    /// <summary>How often the long gap took the place of a proof.</summary>
    public long LongGaps { get; init; }
}
