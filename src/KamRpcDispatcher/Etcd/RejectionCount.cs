namespace KamRpcDispatcher.Etcd;

/// <summary>Counts how often a key was rejected lately, so that one that is rewritten over and over does not fill the log.</summary>
internal sealed class RejectionCount(TimeProvider timeProvider)
{
    /// <summary>After so long it is told anew.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private const int MostKeys = 10_000;

    private readonly Dictionary<string, (int Times, TimeSpan Last)> _keys = new(StringComparer.Ordinal);

    /// <summary>The key was rejected once more.</summary>
    /// <returns>How often it was, without a pause of that length.</returns>
    public int Count(string key)
    {
        var now = timeProvider.Mark();
        if (_keys.Count >= MostKeys)
        {
            foreach (var old in _keys.Where(pair => now - pair.Value.Last > Memory).Select(static pair => pair.Key).ToList())
            {
                _keys.Remove(old);
            }
        }

        var times = _keys.TryGetValue(key, out var before) && now - before.Last <= Memory ? before.Times + 1 : 1;
        _keys[key] = (times, now);
        return times;
    }
}

/// <summary>A rejected record to be told of.</summary>
/// <param name="Record">What was rejected last.</param>
/// <param name="Times">How often the key was, lately.</param>
internal readonly record struct Rejection(RejectedRecord Record, int Times);
