namespace KamRpcDispatcher.Push.Grace;

/// <summary>How long the grace periods took, for logs and reports. Thread-safe.</summary>
public sealed class GraceFigures
{
    private const int Kept = 1024;

    private readonly Lock _lock = new();
    private readonly double[] _lastWaits = new double[Kept];
    private long _count;
    private double _longest;
    private long _timeouts;
    private long _longGaps;

    /// <summary>Told the length of each grace period; null for nobody.</summary>
    internal Action<TimeSpan>? Observer { get; set; }

    /// <summary>Takes the length of a grace period.</summary>
    public void Ended(TimeSpan length)
    {
        lock (_lock)
        {
            _lastWaits[_count++ % Kept] = length.TotalMilliseconds;
            _longest = Math.Max(_longest, length.TotalMilliseconds);
        }

        Observer?.Invoke(length);
    }

    /// <summary>Takes note of one whose end was not seen within its cap.</summary>
    public void TimedOut()
    {
        lock (_lock)
        {
            _timeouts++;
        }
    }

    /// <summary>Takes note of one that was ended by the long gap, nobody having been seen at rest.</summary>
    public void LongGap()
    {
        lock (_lock)
        {
            _longGaps++;
        }
    }

    /// <param name="mode">How the end of the periods is found.</param>
    public GraceStatus Read(string mode)
    {
        lock (_lock)
        {
            var sorted = _lastWaits.Take((int)Math.Min(_count, Kept)).Order().ToArray();
            return new GraceStatus(mode, _count, At(sorted, 0.5), At(sorted, 0.99), _longest, _timeouts) { LongGaps = _longGaps };
        }
    }

    private static double At(double[] sorted, double quantile) =>
        sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling((sorted.Length - 1) * quantile)];
}
