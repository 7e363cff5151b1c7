using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>
/// Knows since when nobody wants a destination. A member that leaves and returns within the delay costs two state changes, and no
/// structural one.
/// </summary>
/// <param name="delay">How long it stays disabled; <see cref="Timeout.InfiniteTimeSpan"/> for as long as there is room.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="removesFormer">Whether those are due at once that nobody wanted, and that were disabled, when it began: an earlier run has let them wait.</param>
internal sealed class RemovalDelay(TimeSpan delay, TimeProvider timeProvider, bool removesFormer = false)
{
    private HashSet<ListedKey>? _former = removesFormer && delay != Timeout.InfiniteTimeSpan ? null : [];
    private Dictionary<ListedKey, Moment> _unwantedSince = [];

    /// <summary>Whether a destination stays until a newcomer takes its place.</summary>
    public bool IsEndless => delay == Timeout.InfiniteTimeSpan;

    /// <summary>When those are removed that nobody wants; none where they stay.</summary>
    public IReadOnlyDictionary<ListedKey, DateTimeOffset> Removals =>
        IsEndless ? new Dictionary<ListedKey, DateTimeOffset>() : _unwantedSince.ToDictionary(static pair => pair.Key, pair => pair.Value.Told(timeProvider).Utc + delay);

    /// <summary>How long until the next of them is due; null where none is that is not due yet.</summary>
    public TimeSpan? UntilNext =>
        IsEndless ? null : _unwantedSince.Values.Select(since => delay - (timeProvider.Mark() - since.Mark)).Where(static left => left > TimeSpan.Zero).Order().Select(static left => (TimeSpan?)left).FirstOrDefault();

    /// <summary>Those that are to be removed now; null for all that nobody wants.</summary>
    /// <param name="shortage">How many have to make room for others before their time, the oldest first.</param>
    public IReadOnlySet<ListedKey>? Due(int shortage)
    {
        if (!IsEndless && delay <= TimeSpan.Zero)
        {
            return null;
        }

        var due = IsEndless
            ? []
            : _unwantedSince.Where(pair => timeProvider.Mark() - pair.Value.Mark >= delay).Select(static pair => pair.Key).ToHashSet();
        due.UnionWith(_unwantedSince.Keys.Where(key => _former?.Contains(key) == true));
        due.UnionWith(_unwantedSince.OrderBy(static pair => pair.Value.Mark).Take(shortage).Select(static pair => pair.Key));
        return due;
    }

    /// <summary>Takes note of a plan's leftovers, and forgets what is wanted again or gone.</summary>
    public void Observe(ChangePlan plan)
    {
        var now = Moment.At(timeProvider);
        _unwantedSince = plan.Skips
            .Where(static skip => skip.Reason == SkipReason.RemovalDelayed)
            .Select(static skip => new ListedKey(skip.Set, skip.Uri))
            .Concat(plan.Removes.Select(static remove => new ListedKey(remove.Set, remove.Uri)))
            .Distinct()
            .ToDictionary(static key => key, key => _unwantedSince.GetValueOrDefault(key, now));
        _former ??= [.. _unwantedSince.Keys.Except(plan.Disables.Select(static disable => new ListedKey(disable.Set, disable.Uri)))];
    }
}
