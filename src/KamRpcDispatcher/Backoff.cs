namespace KamRpcDispatcher;

/// <summary>How long to wait before the next try of what fails again and again: 25 ms, and twice as long each time, up to 5 s.</summary>
internal sealed class Backoff
{
    internal static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(25);
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private TimeSpan _next = Shortest;

    /// <summary>It failed once more.</summary>
    public TimeSpan Next()
    {
        var pause = _next;
        _next = pause * 2 < Longest ? pause * 2 : Longest;
        return pause;
    }

    /// <summary>It succeeded.</summary>
    public void Reset() => _next = Shortest;
}
