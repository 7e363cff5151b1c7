using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Push;

/// <summary>A refusal that is not forgotten yet.</summary>
/// <param name="Reason">Why, as Kamailio said it.</param>
/// <param name="RetryAt">When the destination is tried again.</param>
internal sealed record Refusal(string Reason, DateTimeOffset RetryAt);

/// <summary>Destinations that Kamailio refused, each with its reason and the time at which it may be tried again.</summary>
/// <remarks>The wait doubles with each refusal; another URI or other attributes are another destination, tried at once.</remarks>
internal sealed class Quarantine(TimeProvider timeProvider)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Dictionary<RefusedDestination, Entry> _entries = [];

    /// <summary>Those that are to wait.</summary>
    public IReadOnlySet<RefusedDestination> Held => _entries.Where(pair => timeProvider.Mark() < pair.Value.Due).Select(static pair => pair.Key).ToHashSet();

    /// <summary>Whether the addition is to wait.</summary>
    public bool Holds(AddDestination add) => Held.Contains(RefusedDestination.Of(add));

    /// <summary>Takes note of a refusal and says how long the destination waits.</summary>
    /// <param name="add">What was refused.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="longest">The longest wait, where a try costs Kamailio nothing.</param>
    public TimeSpan Refuse(AddDestination add, string reason, TimeSpan? longest = null)
    {
        var key = RefusedDestination.Of(add);
        var wait = _entries.TryGetValue(key, out var entry) ? entry.Wait * 2 : FirstWait;
        wait = wait < (longest ?? LongestWait) ? wait : longest ?? LongestWait;
        var now = timeProvider.Mark();
        foreach (var forgotten in _entries.Where(pair => now - pair.Value.Due > LongestWait).Select(static pair => pair.Key).ToList())
        {
            _entries.Remove(forgotten);
        }

        _entries[key] = new Entry(wait, now + wait, timeProvider.GetUtcNow() + wait, reason);
        return wait;
    }

    /// <summary>Why a destination was refused last, and when it is tried again; null when it was not.</summary>
    public (string Reason, DateTimeOffset RetryAt)? Find(int set, string uri) =>
        _entries.Where(pair => pair.Key.Set == set && pair.Key.Uri == Spelling.First(uri))
            .Select(static pair => ((string, DateTimeOffset)?)(pair.Value.Reason, pair.Value.RetryAt))
            .LastOrDefault();

    /// <summary>The same of all destinations, for whoever asks for many.</summary>
    public IReadOnlyDictionary<ListedKey, Refusal> ByDestination()
    {
        var found = new Dictionary<ListedKey, Refusal>(_entries.Count);
        foreach (var ((set, uri, _), entry) in _entries)
        {
            found[new ListedKey(set, uri)] = new Refusal(entry.Reason, entry.RetryAt);
        }

        return found;
    }

    /// <summary>Forgets a destination that Kamailio lists.</summary>
    public void Release(AddDestination add) => _entries.Remove(RefusedDestination.Of(add));

    /// <param name="Wait">How long it waits.</param>
    /// <param name="Due">When it may be tried again, by the clock that nobody sets.</param>
    /// <param name="RetryAt">The same for people.</param>
    /// <param name="Reason">Why.</param>
    private readonly record struct Entry(TimeSpan Wait, TimeSpan Due, DateTimeOffset RetryAt, string Reason);
}
