using KamRpcDispatcher.Dispatch.Cycles;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>
/// Knows for how long changes of state are owed, and get no fewer: these are made in any case, whatever holds additions and removals back, so that what stays owed is a Kamailio that does not take
/// them. Told by the loop, asked by others; thread-safe.
/// </summary>
internal sealed class OwedStates(TimeProvider timeProvider)
{
    private volatile Owed? _owed;

    /// <summary>How many, and for how long there have been no fewer; null where there is none.</summary>
    public (int Count, TimeSpan For)? Current => _owed is { } owed ? (owed.Count, timeProvider.GetElapsedTime(owed.Since)) : null;

    public void Observe(CycleSituation cycle)
    {
        var count = cycle.Plan.Enables.Count + cycle.Plan.Disables.Count + cycle.Plan.Silencings.Count;
        _owed = count == 0 ? null
            : _owed is { } before && count >= before.Count ? before
            : new Owed(count, timeProvider.GetTimestamp());
    }

    private sealed record Owed(int Count, long Since);
}
