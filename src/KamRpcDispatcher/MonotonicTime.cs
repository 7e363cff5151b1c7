namespace KamRpcDispatcher;

/// <summary>Time that nobody sets: for how long something lasts, and never for what is stored or shown.</summary>
internal static class MonotonicTime
{
    /// <summary>Since a moment that stays the same as long as this process lives.</summary>
    public static TimeSpan Mark(this TimeProvider timeProvider) => timeProvider.GetElapsedTime(0);
}
