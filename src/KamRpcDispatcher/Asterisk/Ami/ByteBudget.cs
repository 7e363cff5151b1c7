namespace KamRpcDispatcher.Asterisk.Ami;

/// <summary>
/// How much may be read from a peer: a good deal at once, such as a list of thousands of channels, and in the long run no more than costs
/// next to nothing. The rest waits at the peer, as TCP has it.
/// </summary>
internal sealed class ByteBudget(TimeProvider time)
{
    /// <summary>At once: the list of some 10,000 channels.</summary>
    public const int Burst = 8 * 1024 * 1024;

    /// <summary>In the long run. The events of "system" and the answers to a ping a second are a few hundred bytes.</summary>
    public const int PerSecond = 256 * 1024;

    private double _left = Burst;
    private long _counted = time.GetTimestamp();

    /// <summary>Takes note of what was read; answers how long to wait before more is.</summary>
    public TimeSpan Take(int bytes)
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Burst, _left + (time.GetElapsedTime(_counted, now).TotalSeconds * PerSecond)) - bytes;
        _counted = now;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / PerSecond);
    }
}
