namespace KamRpcDispatcher.Push.Grace;

/// <summary>A grace period of fixed length, for want of a sight of Kamailio's processes.</summary>
internal sealed class FixedGap(TimeSpan gap, TimeProvider timeProvider) : IGracePeriod
{
    private long? _begun;

    public TimeSpan Length => gap;

    public string Mode => gap > TimeSpan.Zero ? FormattableString.Invariant($"fixed gap of {gap.TotalSeconds} s") : "none";

    public void Begin() => _begun = timeProvider.GetTimestamp();

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        var left = _begun is { } begun ? gap - timeProvider.GetElapsedTime(begun) : TimeSpan.Zero;
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, timeProvider, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }
}
