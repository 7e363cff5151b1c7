namespace KamRpcDispatcher;

/// <summary>A loop's sign of life: it says how long its next step takes at most, and is overdue when it does not come back.</summary>
internal sealed class Heartbeat(TimeProvider timeProvider)
{
    /// <summary>What a machine under load may take longer.</summary>
    internal static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    private long _due = long.MaxValue;

    public bool IsOverdue => timeProvider.GetTimestamp() > Interlocked.Read(ref _due);

    /// <summary>The loop has ended, as it should.</summary>
    public void End() => Interlocked.Exchange(ref _due, long.MaxValue);

    public void Expect(TimeSpan within) =>
        Interlocked.Exchange(ref _due, timeProvider.GetTimestamp() + (long)((within + Slack).TotalSeconds * timeProvider.TimestampFrequency));
}
