namespace KamRpcDispatcher;

/// <summary>Lines of one kind that every cycle, retry or event may cause: so many in a minute, and no more.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="most">How many.</param>
internal sealed class LogLimit(TimeProvider timeProvider, int most = LogLimit.Most)
{
    /// <summary>Of what comes and goes an operator reads a handful of lines; the hundredth says nothing new.</summary>
    public const int Most = 5;

    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Queue<long> _told = new();

    /// <summary>Whether one may be logged now; counts it if so.</summary>
    public bool Allows()
    {
        lock (_told)
        {
            while (_told.TryPeek(out var oldest) && timeProvider.GetElapsedTime(oldest) >= Interval)
            {
                _told.Dequeue();
            }

            if (_told.Count >= most)
            {
                return false;
            }

            _told.Enqueue(timeProvider.GetTimestamp());
            return true;
        }
    }
}

/// <summary>The same for each of many, such as the members of a set: one that flaps keeps no other one from being told of.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="most">How many lines of each in a minute.</param>
internal sealed class LogLimits<TKey>(TimeProvider timeProvider, int most = LogLimit.Most)
    where TKey : notnull
{
    /// <summary>Names may come from outside, any number of them.</summary>
    private const int MostKeys = 10_000;

    private readonly Dictionary<TKey, LogLimit> _limits = [];

    public bool Allows(TKey key)
    {
        lock (_limits)
        {
            if (!_limits.TryGetValue(key, out var limit))
            {
                if (_limits.Count >= MostKeys)
                {
                    _limits.Clear();
                }

                _limits[key] = limit = new LogLimit(timeProvider, most);
            }

            return limit.Allows();
        }
    }
}
