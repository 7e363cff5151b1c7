namespace KamRpcDispatcher.Sources.Records;

/// <summary>Counts how often a key was rejected lately, so that one that is rewritten over and over does not fill the log.</summary>
internal sealed class RejectionCount(TimeProvider timeProvider)
{
    /// <summary>After so long it is told anew.</summary>
    internal static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    /// <summary>So many keys are counted at a time; others are not told of, but for the first.</summary>
    internal const int MostKeys = 10_000;

    /// <summary>How often it is checked whether some can be forgotten.</summary>
    private static readonly TimeSpan ForgetInterval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (int Times, TimeSpan Last)> _keys = new(StringComparer.Ordinal);
    private TimeSpan? _forgotten;
    private bool _isFull;

    /// <summary>The key was rejected once more.</summary>
    /// <returns>How often it was, without a pause of that length; 0 for the first that is one too many, null for those after it.</returns>
    public int? Count(string key)
    {
        var now = timeProvider.Mark();
        var isCounted = _keys.TryGetValue(key, out var before);
        if (!isCounted && !HasRoom(now))
        {
            var isFirst = !_isFull;
            _isFull = true;
            return isFirst ? 0 : null;
        }

        var times = isCounted && now - before.Last <= Memory ? before.Times + 1 : 1;
        _keys[key] = (times, now);
        return times;
    }

    private bool HasRoom(TimeSpan now)
    {
        if (_keys.Count >= MostKeys && (_forgotten is null || now - _forgotten >= ForgetInterval))
        {
            _forgotten = now;
            foreach (var old in _keys.Where(pair => now - pair.Value.Last > Memory).Select(static pair => pair.Key).ToList())
            {
                _keys.Remove(old);
            }
        }

        _isFull &= _keys.Count >= MostKeys;
        return _keys.Count < MostKeys;
    }
}

/// <summary>A rejected record to be told of.</summary>
/// <param name="Record">What was rejected last.</param>
/// <param name="Times">How often the key was, lately; 0 when too many were for telling of each.</param>
internal readonly record struct Rejection(RejectedRecord Record, int Times);
