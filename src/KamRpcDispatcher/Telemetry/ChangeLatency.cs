using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Telemetry;

/// <summary>Knows how long changes of the store take: from hearing of one to the first push after it, and until it was read back to be in force. Thread-safe.</summary>
internal sealed class ChangeLatency(PushMetrics metrics, TimeProvider timeProvider)
{
    /// <summary>More changes than are under way in a storm; of those above them nothing is told.</summary>
    private const int Most = 1024;

    private readonly Lock _gate = new();
    private readonly Queue<Pending> _pending = new();
    private long _newest;
    private long _planned;

    /// <summary>The store has come to a revision.</summary>
    public void Heard(long revision)
    {
        lock (_gate)
        {
            if (revision < _newest)
            {
                // Restored from a backup, or another store.
                _pending.Clear();
            }

            if (revision != _newest && _pending.Count < Most)
            {
                _pending.Enqueue(new Pending(revision, timeProvider.GetTimestamp()));
            }

            _newest = revision;
        }
    }

    /// <summary>A cycle goes by a revision.</summary>
    /// <param name="revision">The revision.</param>
    /// <param name="isInForce">Whether all of it was read back from Kamailio.</param>
    public void Planned(long revision, bool isInForce)
    {
        lock (_gate)
        {
            _planned = revision;
            while (isInForce && _pending.TryPeek(out var first) && first.Revision <= revision)
            {
                _pending.Dequeue();
                if (first.IsPushed)
                {
                    metrics.ChangeInForce(timeProvider.GetElapsedTime(first.At));
                }
            }
        }
    }

    /// <summary>Kamailio has taken a change of the cycle.</summary>
    public void Pushed()
    {
        lock (_gate)
        {
            foreach (var change in _pending.Where(change => !change.IsPushed && change.Revision <= _planned))
            {
                change.IsPushed = true;
                metrics.ChangePushed(timeProvider.GetElapsedTime(change.At));
            }
        }
    }

    /// <summary>The source, with each of its changes heard of here first.</summary>
    public IMembershipSource Of(IMembershipSource source) => new HeardSource(source, this);

    private sealed class Pending(long revision, long at)
    {
        public long Revision { get; } = revision;

        public long At { get; } = at;

        public bool IsPushed { get; set; }
    }

    private sealed class HeardSource(IMembershipSource inner, ChangeLatency latency) : IMembershipSource
    {
        public Membership? Current => inner.Current;

        public Task RunAsync(Action changed, CancellationToken cancellationToken) => inner.RunAsync(
            () =>
            {
                if (inner.Current is { } membership)
                {
                    latency.Heard(membership.Revision);
                }

                changed();
            },
            cancellationToken);
    }
}
