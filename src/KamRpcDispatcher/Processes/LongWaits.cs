namespace KamRpcDispatcher.Processes;

/// <summary>Tells who has stayed in one wait for so long that it can be no lock of the dispatcher's table: those are held for microseconds.</summary>
internal sealed class LongWaits(TimeProvider timeProvider)
{
    /// <summary>The longest wait for a busy process to rest that was measured was 485 ms, most of it without a processor.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<int, (string Wait, long Switches, long Since)> _waits = [];

    /// <summary>Whether the thread has been in this wait since half a second at least, without a moment on a processor.</summary>
    /// <param name="thread">Its id.</param>
    /// <param name="wait">What it waits for, as procfs tells: with the lock's address where that is told.</param>
    /// <param name="switches">How often it has left a processor.</param>
    public bool IsLong(int thread, string wait, long switches)
    {
        var now = timeProvider.GetTimestamp();
        if (_waits.TryGetValue(thread, out var before) && before.Wait == wait && before.Switches == switches)
        {
            return timeProvider.GetElapsedTime(before.Since, now) >= Long;
        }

        _waits[thread] = (wait, switches, now);
        return false;
    }

    public void Clear() => _waits.Clear();
}
