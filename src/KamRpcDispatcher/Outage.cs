namespace KamRpcDispatcher;

/// <summary>
/// Something that is away for a while, and is met again at every retry. It is told when it begins, again when its reason is another one, once a
/// minute while it lasts, and when it is over; and of one that comes and goes all the time not more than a handful of lines a minute. What stays so for some seconds
/// is told in any case: the last word is what holds.
/// </summary>
internal sealed class Outage(TimeProvider timeProvider)
{
    /// <summary>What has been so for as long is told, however much was told before.</summary>
    internal static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);

    /// <summary>Reasons may hold anything.</summary>
    private const int MostReasons = 20;

    private readonly LogLimit _limit = new(timeProvider);
    private readonly HashSet<string> _reasons = new(StringComparer.Ordinal);
    private long? _begun;
    private long? _told;
    private string? _toldReason;
    private string? _reason;
    private long _reasonSince;

    /// <summary>When it began; null when there is none.</summary>
    public DateTimeOffset? Since { get; private set; }

    /// <summary>How long it has lasted by now.</summary>
    public TimeSpan Lasted => _begun is { } begun ? timeProvider.GetElapsedTime(begun) : TimeSpan.Zero;

    /// <summary>It is met once more.</summary>
    /// <param name="reason">Why, in words; the same for the same.</param>
    /// <returns>What of it is to be logged.</returns>
    public OutageNews Meet(string reason)
    {
        if (_begun is null)
        {
            (_begun, Since, _told) = (timeProvider.GetTimestamp(), timeProvider.GetUtcNow(), null);
            _reasons.Clear();
            (_reason, _toldReason) = (null, null);
        }

        if (reason != _reason)
        {
            (_reason, _reasonSince) = (reason, timeProvider.GetTimestamp());
        }

        if (_told is { } told && timeProvider.GetElapsedTime(told) >= LogLimit.Interval)
        {
            _reasons.Clear();
            return Told(reason, OutageNews.Lasts);
        }

        // Of two reasons in turn each is told once, and what there is then once a minute.
        var isSettled = reason != _toldReason && timeProvider.GetElapsedTime(_reasonSince) >= Settled;
        return !isSettled && (_reasons.Contains(reason) || _reasons.Count >= MostReasons || !_limit.Allows()) ? OutageNews.None
            : Told(reason, _told is null ? OutageNews.Begins : OutageNews.Changes);
    }

    /// <summary>It is over.</summary>
    /// <returns>How long it lasted; null when there was none, or nobody was told of it.</returns>
    public TimeSpan? End()
    {
        var lasted = _told is null ? (TimeSpan?)null : Lasted;
        (_begun, Since, _told) = (null, null, null);
        return lasted;
    }

    private OutageNews Told(string reason, OutageNews news)
    {
        (_told, _toldReason) = (timeProvider.GetTimestamp(), reason);
        _reasons.Add(reason);
        return news;
    }
}

/// <summary>What is to be logged of an outage now.</summary>
internal enum OutageNews
{
    /// <summary>Nothing: it is known.</summary>
    None,

    /// <summary>That it has begun, and why.</summary>
    Begins,

    /// <summary>That its reason is another one now.</summary>
    Changes,

    /// <summary>That it lasts.</summary>
    Lasts,
}
