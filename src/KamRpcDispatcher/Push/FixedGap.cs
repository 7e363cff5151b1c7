namespace KamRpcDispatcher.Push;

/// <summary>A grace period of fixed length, for want of a sight of Kamailio's processes.</summary>
internal sealed class FixedGap(TimeSpan gap, TimeProvider timeProvider) : IGracePeriod
{
    private long? _begun;

    public void Begin() => _begun = timeProvider.GetTimestamp();

    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        var left = _begun is { } begun ? gap - timeProvider.GetElapsedTime(begun) : TimeSpan.Zero;
        return left > TimeSpan.Zero ? new ValueTask(Task.Delay(left, timeProvider, cancellationToken)) : ValueTask.CompletedTask;
    }
}
