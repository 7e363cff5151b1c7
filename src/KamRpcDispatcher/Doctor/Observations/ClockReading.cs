namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Another clock, told in whole seconds, and this machine's before it was asked and when it had answered.</summary>
internal sealed record ClockReading(DateTimeOffset Before, DateTimeOffset After, DateTimeOffset Told)
{
    /// <summary>How much the other clock is ahead of this machine's, at least and at most: a told second may be at its end.</summary>
    public (TimeSpan Least, TimeSpan Most) Ahead => (Told - After, Told + TimeSpan.FromSeconds(1) - Before);
}
