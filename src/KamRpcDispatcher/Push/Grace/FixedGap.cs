using KamailioRpc;

namespace KamRpcDispatcher.Push.Grace;

/// <summary>A grace period of fixed length, where nobody sees Kamailio's processes.</summary>
internal sealed class FixedGap(TimeSpan gap, TimeProvider timeProvider) : IGracePeriod
{
    /// <summary>An object, so that one write replaces it whole.</summary>
    private volatile Change? _last;

    public string Mode => ModeOf(gap);

    public static string ModeOf(TimeSpan gap) => gap > TimeSpan.Zero ? $"fixed gap of {DurationText.Of(gap)}" : "none";

    public void Begin() => _last = new Change(timeProvider.GetTimestamp());

    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        // Again and again, since there may have been another change during the wait for the one before it.
        while (Left() is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, timeProvider, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private TimeSpan Left() => _last is { } last ? gap - timeProvider.GetElapsedTime(last.Timestamp) : TimeSpan.Zero;

    private sealed record Change(long Timestamp);
}
