namespace KamRpcDispatcher.Probe;

/// <summary>The rest from one probe to the next, which ends when something has happened to the server.</summary>
/// <param name="timeProvider">The clock.</param>
internal sealed class ProbePause(TimeProvider timeProvider) : IDisposable
{
    /// <summary>Ends the rest; another one takes its place when it was used.</summary>
    private volatile CancellationTokenSource _rest = new();

    /// <summary>Ends the rest at once, or the next one.</summary>
    public void End() => _rest.Cancel();

    /// <summary>One timer and nothing else: a thousand servers rest a thousand times a second.</summary>
    public async Task RestAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Task.Delay(pause, timeProvider, _rest.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (_rest.IsCancellationRequested)
        {
            // The used one is not disposed of: somebody may be about to cancel it once more.
            _rest = new CancellationTokenSource();
        }
    }

    public void Dispose() => _rest.Dispose();
}
