using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Reconcile;

/// <summary>
/// Knows since when nobody wants a destination. A member that leaves and returns within the delay costs two state changes, and no
/// structural one.
/// </summary>
/// <param name="delay">How long it is kept, <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class RemovalClock(TimeSpan delay, TimeProvider timeProvider)
{
    private Dictionary<(int Set, string Uri), long> _unwantedSince = [];

    public bool IsDue(int set, string uri) =>
        delay != Timeout.InfiniteTimeSpan
        && IsOver(set, uri);

    private bool IsOver(int set, string uri) =>
        delay <= TimeSpan.Zero || (_unwantedSince.TryGetValue((set, uri), out var since) && timeProvider.GetElapsedTime(since) >= delay);

    /// <summary>Takes note of what a plan leaves disabled, and forgets what is wanted again or gone.</summary>
    public void Observe(ChangePlan plan)
    {
        var now = timeProvider.GetTimestamp();
        var removed = plan.Changes.OfType<RemoveDestination>().Select(static change => (change.Set, change.Uri));
        _unwantedSince = plan.Skips
            .Where(static skip => skip.Reason == SkipReason.RemovalDelayed)
            .Select(static skip => (skip.Set, skip.Uri))
            .Concat(removed)
            .Distinct()
            .ToDictionary(static key => key, key => _unwantedSince.GetValueOrDefault(key, now));
    }
}
