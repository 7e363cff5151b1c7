using KamRpcDispatcher.Push.Grace;

namespace KamRpcDispatcher.Push;

/// <summary>One wait for the end of a grace period. It never outlives its owner: one that is given up is ended and awaited.</summary>
internal sealed class GraceWait : IAsyncDisposable
{
    /// <summary>How long a wait goes on although a newer plan is due, so that there is progress under any storm of events.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _givenUp;
    private readonly Task<bool> _ended;

    public GraceWait(IGracePeriod gracePeriod, CancellationToken cancellationToken)
    {
        _givenUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ended = gracePeriod.WaitAsync(_givenUp.Token).AsTask();
    }

    /// <summary>True when the period has ended; false when that is not in sight, or a newer plan is due first.</summary>
    public async Task<bool> IsEndedAsync(Task interrupted)
    {
        if (!_ended.IsCompleted && await Task.WhenAny(_ended, interrupted).ConfigureAwait(false) != _ended)
        {
            await Task.WhenAny(_ended, Task.Delay(Patience, _givenUp.Token)).ConfigureAwait(false);
        }

        return _ended.IsCompleted && await _ended.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _givenUp.CancelAsync().ConfigureAwait(false);
        await ((Task)_ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _givenUp.Dispose();
    }
}
