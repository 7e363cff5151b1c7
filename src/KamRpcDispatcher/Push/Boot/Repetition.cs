namespace KamRpcDispatcher.Push.Boot;

/// <summary>Whether something happens so often that it is no accident.</summary>
/// <param name="timeProvider">The clock.</param>
internal sealed class Repetition(TimeProvider timeProvider)
{
    private const int Often = 5;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly Queue<long> _times = [];

    /// <summary>Whether it has happened five times within half a minute, up to now.</summary>
    public bool IsOften
    {
        get
        {
            lock (_lock)
            {
                return _times.Count == Often && timeProvider.GetElapsedTime(_times.Peek()) < Within;
            }
        }
    }

    /// <summary>It has happened.</summary>
    public void Note()
    {
        lock (_lock)
        {
            if (_times.Count == Often)
            {
                _times.Dequeue();
            }

            _times.Enqueue(timeProvider.GetTimestamp());
        }
    }
}
