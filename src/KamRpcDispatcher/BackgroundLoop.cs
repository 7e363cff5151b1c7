using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher;

/// <summary>Keeps a loop running that has no reason to end before it is cancelled.</summary>
internal static class BackgroundLoop
{
    /// <summary>Runs a loop until cancelled, and starts it again after a pause whenever it ends by itself, however that happens.</summary>
    /// <param name="name">What it does, for the log.</param>
    /// <param name="loop">The loop; it may be run several times, one after another.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task RunAsync(string name, Func<CancellationToken, Task> loop, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        var faults = new LoopFaults(name, logger, timeProvider);
        while (true)
        {
            var begun = timeProvider.GetTimestamp();
            Exception? failure = null;
            try
            {
                await loop(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
            {
                failure = exception;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (timeProvider.GetElapsedTime(begun) > Backoff.Longest)
            {
                faults.Succeeded();
            }

            await Task.Delay(faults.Failed(failure), timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
