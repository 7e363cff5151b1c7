using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>What a watch sees.</summary>
/// <param name="Calls">The cluster as it was read last; null before the first reading.</param>
/// <param name="Findings">What is not as it should be there.</param>
/// <param name="News">What changed with this reading.</param>
/// <param name="BlindSince">Since when etcd does not answer; null while it does.</param>
/// <param name="Reason">Why not.</param>
internal sealed record WatchState(ClusterCalls? Calls, IReadOnlyList<StatusFinding> Findings, IReadOnlyList<StatusEvent> News, DateTimeOffset? BlindSince, string? Reason);

/// <summary><c>kamrpc status --watch</c>: reads a cluster every second, through outages of etcd, until it is stopped.</summary>
internal sealed class StatusWatch(StatusReader reader, StatusOptions options, IWatchOutput output, TimeProvider timeProvider)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly StatusEvents _events = new();
    private WatchState _state = new(null, [], [], null, null);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var begun = timeProvider.GetTimestamp();
                await ReadAsync(cancellationToken).ConfigureAwait(false);
                output.Show(_state, _events.IsMarked, timeProvider.GetUtcNow());
                _state = _state with { News = [] };
                var rest = Interval - timeProvider.GetElapsedTime(begun);
                await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // That is how it ends.
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var reading = reader.ReadAsync(cancellationToken);
        while (!reading.IsCompleted)
        {
            await Task.WhenAny(reading, Task.Delay(Interval, timeProvider, cancellationToken)).ConfigureAwait(false);
            if (!reading.IsCompleted)
            {
                cancellationToken.ThrowIfCancellationRequested();

                // The ages of what is shown go on, and so does the clock.
                output.Show(_state, _events.IsMarked, timeProvider.GetUtcNow());
            }
        }

        try
        {
            var calls = await reading.ConfigureAwait(false);
            var news = _events.Next(calls).ToList();
            if (_state.BlindSince is { } since)
            {
                news.Insert(0, new StatusEvent(calls.Now, $"etcd answers again, after {Ages.Show(calls.Now - since)}"));
            }

            _state = new WatchState(calls, options.Findings(calls), news, null, null);
        }
        catch (ClusterUnreachableException unreachable)
        {
            var now = timeProvider.GetUtcNow();
            reader.Interrupted();
            _state = _state with
            {
                News = _state.BlindSince is null ? [new StatusEvent(now, $"nothing is seen from now on: {unreachable.Message}")] : [],
                BlindSince = _state.BlindSince ?? now,
                Reason = unreachable.Message,
            };
        }
    }
}
