using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Operate;

/// <summary>Follows the proxies' reports until each has applied what was wished. It is opened before that is written, so that the answer finds somebody who listens.</summary>
/// <remarks>What counts is what stands there, not what was heard: after an outage of etcd all is read again.</remarks>
public sealed class AppliedWait : IAsyncDisposable, IKeyWatchLog
{
    private readonly AppliedReports _reports;
    private readonly KeyWatch _watch;
    private readonly CancellationTokenSource _life = new();
    private volatile TaskCompletionSource _news = NewSignal();
    private string? _outage;
    private Task _following = Task.CompletedTask;

    private AppliedWait(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger)
    {
        _reports = new AppliedReports(keys, timeProvider);
        _watch = new KeyWatch(store, keys.Proxies, "the watch of the proxies", _reports, this, timeProvider, logger);
    }

    /// <summary>Reads the reports, and begins to follow them.</summary>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<AppliedWait> OpenAsync(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var wait = new AppliedWait(store, keys, timeProvider, logger);
        var pages = new KeyPages(store, timeProvider);
        wait._reports.Replace(
            await EtcdUnreachableException.GuardAsync(store, () => pages.ReadAsync(keys.Proxies, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false), wasAway: false);
        wait._following = wait._watch.RunAsync(wait.Tell, wait._life.Token);
        return wait;
    }

    /// <summary>How the proxies are with it now.</summary>
    public AppliedState StateOf(AppliedTarget target) => _reports.StateOf(target) with { Outage = Volatile.Read(ref _outage) };

    /// <summary>Returns when every proxy has applied it, or when there is nobody who could.</summary>
    /// <param name="target">What is waited for.</param>
    /// <param name="seen">Told at the beginning, and after each report.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<AppliedState> UntilAppliedAsync(AppliedTarget target, Action<AppliedState> seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        while (true)
        {
            // In this order: what comes after the reports were read ends the wait.
            var news = _news.Task;
            var state = StateOf(target);
            seen(state);
            if (state.IsApplied || state.HasNobody)
            {
                return state;
            }

            await await Task.WhenAny(news, _following).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _life.Dispose();
    }

    void IKeyWatchLog.Listing(int read, long all, TimeSpan elapsed)
    {
        // Who waits is told whom for.
    }

    void IKeyWatchLog.Listed(int count, long revision) => Heard();

    void IKeyWatchLog.Compacted(long wanted, long compacted)
    {
        // All is read again.
    }

    void IKeyWatchLog.Replaced(long known, long found)
    {
        // Its reports are not of this store.
    }

    void IKeyWatchLog.Followed(long revision) => Heard();

    TimeSpan IKeyWatchLog.Failed(Exception exception)
    {
        Volatile.Write(ref _outage, EtcdFailure.Describe(exception));
        Tell();
        return EtcdCall.RetryPause;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Heard()
    {
        if (Interlocked.Exchange(ref _outage, null) is not null)
        {
            Tell();
        }
    }

    private void Tell() => Interlocked.Exchange(ref _news, NewSignal()).TrySetResult();
}
