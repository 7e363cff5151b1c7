using System.Threading.Channels;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>When the keys of a lease are read and written next: at intervals, and soon when there is a new value.</summary>
/// <param name="interval">How often the keys are read.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class LeasePace(TimeSpan interval, TimeProvider timeProvider)
{
    private static readonly TimeSpan OccupiedDelay = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two writes: values may change all the time.</summary>
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromMilliseconds(100);

    private readonly Channel<bool> _updated = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long? _writtenAt;
    private long? _readAt;

    public TimeSpan Interval => interval;

    /// <summary>There is a new value.</summary>
    public void Wake() => _updated.Writer.TryWrite(true);

    /// <summary>Whether it is time to read what stands under the keys.</summary>
    /// <param name="isOccupied">Whether somebody else has one of them, which may end at any time.</param>
    public bool IsReadDue(bool isOccupied) => _readAt is null || UntilRead(isOccupied) == TimeSpan.Zero;

    public TimeSpan UntilRead(bool isOccupied) => Until(_readAt, isOccupied ? OccupiedDelay : interval);

    public void HaveRead() => _readAt = timeProvider.GetTimestamp();

    /// <summary>Has the keys read again at once.</summary>
    public void ForgetReading() => _readAt = null;

    /// <summary>What is set from here on wakes the next round; what was set before is written now.</summary>
    public void BeginWriting() => _updated.Reader.TryRead(out _);

    public void HaveWritten() => _writtenAt = timeProvider.GetTimestamp();

    /// <summary>Rests until the time is up or there is a new value, which is not written too soon after the last one.</summary>
    public async Task RestAsync(TimeSpan rest, CancellationToken cancellationToken)
    {
        using var resting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updated = _updated.Reader.ReadAsync(resting.Token).AsTask();
        await Task.WhenAny(updated, Task.Delay(rest, timeProvider, resting.Token)).ConfigureAwait(false);
        await resting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        await SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task SpaceWritesAsync(CancellationToken cancellationToken) =>
        _writtenAt is null ? Task.CompletedTask : Task.Delay(Until(_writtenAt, UpdateInterval), timeProvider, cancellationToken);

    private TimeSpan Until(long? last, TimeSpan after) =>
        last is { } then ? TimeSpan.FromTicks(Math.Max(0, (after - timeProvider.GetElapsedTime(then)).Ticks)) : after;
}
