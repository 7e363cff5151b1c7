using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>Follows what the page shows for as long as somebody looks at it, once for all of them. While nobody does it costs nothing.</summary>
internal sealed partial class PageFeed(PageSource source, int mostWatchers, TimeProvider timeProvider, ILogger<PageFeed> logger)
{
    /// <summary>Between two states that are made, and of which nothing is sent.</summary>
    private static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Between two that are sent.</summary>
    private static readonly TimeSpan LeastInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>What all who look are sent in a second, in bytes: many of them, of a large cluster, are told less often.</summary>
    private const long MostEachSecond = 8 * 1024 * 1024;

    private static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(2);

    /// <summary>So long the first state waits for etcd, so that it need not be corrected at once.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private volatile TaskCompletionSource _woken = NewSignal();
    private volatile TaskCompletionSource<PageUpdate> _first = New();
    private int _watchers;

    /// <summary>As many may look at a time.</summary>
    public int MostWatchers => mostWatchers;

    /// <summary>The state as of now, as soon as there is one; null where too many look.</summary>
    public Task<PageUpdate>? TryWatch()
    {
        lock (_gate)
        {
            if (_watchers >= mostWatchers)
            {
                return null;
            }

            _watchers++;
        }

        Wake();
        return _first.Task;
    }

    /// <summary>Somebody looks no more.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _watchers--;
        }
    }

    /// <summary>Something may have changed. Returns at once, and does nothing while nobody looks.</summary>
    public void Wake()
    {
        if (Volatile.Read(ref _watchers) > 0)
        {
            _woken.TrySetResult();
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _woken.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await FollowAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                Failed(logger, exception);
                await Task.Delay(LongestInterval, timeProvider, cancellationToken).ConfigureAwait(false);
                Wake();
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        // Whoever came before is counted already.
        _woken = NewSignal();
        source.Forget();
        var updates = new PageUpdates(timeProvider);
        var begun = timeProvider.GetTimestamp();
        PageUpdate? last = null;
        try
        {
            while (Volatile.Read(ref _watchers) > 0)
            {
                _woken = NewSignal();
                source.Advance(Wake, cancellationToken);
                var state = source.Build();
                var isEarly = last is null && state.Etcd.Answers is null && timeProvider.GetElapsedTime(begun) < FirstPatience;
                var update = isEarly ? null : updates.Next(state);
                if (update is not null)
                {
                    var before = last;
                    last = update;
                    Publish(before, update);
                }

                await Task.Delay(update is null ? IdleInterval : Pause(update), timeProvider, cancellationToken).ConfigureAwait(false);
                await Task.WhenAny(_woken.Task, Task.Delay(PageSource.PollInterval, timeProvider, cancellationToken)).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            // Who comes next begins anew; whoever waits for a first state waits on.
            if (last is not null)
            {
                _first = New();
                last.Next.TrySetCanceled(CancellationToken.None);
            }

            if (Volatile.Read(ref _watchers) > 0)
            {
                Wake();
            }
        }
    }

    private void Publish(PageUpdate? before, PageUpdate update)
    {
        if (before is null)
        {
            _first.TrySetResult(update);
            return;
        }

        // Who comes from now on begins with it.
        var first = New();
        first.SetResult(update);
        _first = first;
        before.Next.TrySetResult(update);
    }

    private TimeSpan Pause(PageUpdate sent)
    {
        var bytes = (long)sent.Changed.Length * Volatile.Read(ref _watchers);
        var pause = TimeSpan.FromSeconds((double)bytes / MostEachSecond);
        return pause < LeastInterval ? LeastInterval : pause > LongestInterval ? LongestInterval : pause;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource<PageUpdate> New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(4036, LogLevel.Error, "Unexpected in what the page is made of: going on. This is a fault of kamrpc; please report it with this line")]
    private static partial void Failed(ILogger logger, Exception exception);
}
