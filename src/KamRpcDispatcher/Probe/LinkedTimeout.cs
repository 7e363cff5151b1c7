namespace KamRpcDispatcher.Probe;

/// <summary>A token that is cancelled after a time, or when the caller's is.</summary>
internal sealed class LinkedTimeout : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    public LinkedTimeout(TimeSpan after, TimeProvider timeProvider, CancellationToken caller)
    {
        // Timers count whole milliseconds: rounded down, the time would be up too soon, and be set again, again and again.
        _source = new CancellationTokenSource(TimeSpan.FromMilliseconds(Math.Ceiling(after.TotalMilliseconds)), timeProvider);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        // First, and it waits for a callback under way: that one would find the source disposed.
        _registration.Dispose();
        _source.Dispose();
    }
}
