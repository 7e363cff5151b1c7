using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Operate.Waiting;

/// <summary>Follows the keys below a prefix for whoever waits for what will stand there.</summary>
/// <remarks>What counts is what stands there, not what was heard: after an outage of etcd all is read again.</remarks>
internal sealed class FollowedReports : IAsyncDisposable, IKeyWatchLog
{
    private readonly KeyWatch _watch;
    private readonly CancellationTokenSource _life = new();
    private volatile TaskCompletionSource _news = NewSignal();
    private string? _outage;
    private Task _following = Task.CompletedTask;

    private FollowedReports(EtcdConnection store, string prefix, string name, IFollowedKeys followed, TimeProvider timeProvider, ILogger logger) =>
        _watch = new KeyWatch(store, prefix, name, followed, this, timeProvider, logger);

    /// <summary>Why etcd cannot be followed at the moment; null where it can.</summary>
    public string? Outage => Volatile.Read(ref _outage);

    /// <summary>Completes with what comes after it was taken: who takes it before reading misses nothing.</summary>
    public Task News => _news.Task;

    /// <summary>Reads what stands there, and begins to follow it.</summary>
    /// <param name="store">The connection.</param>
    /// <param name="prefix">Which keys.</param>
    /// <param name="name">What it is called in the log.</param>
    /// <param name="followed">What is kept up to date.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where what is unexpected is logged.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="EtcdUnreachableException">Nothing came for about two seconds, or etcd refuses.</exception>
    public static async Task<FollowedReports> OpenAsync(EtcdConnection store, string prefix, string name, IFollowedKeys followed, TimeProvider timeProvider, ILogger logger, CancellationToken cancellationToken)
    {
        var reports = new FollowedReports(store, prefix, name, followed, timeProvider, logger);
        var pages = new KeyPages(store, timeProvider);
        followed.Replace(
            await EtcdUnreachableException.GuardAsync(store, () => pages.ReadAsync(prefix, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false), wasAway: false);
        reports._following = reports._watch.RunAsync(reports.Tell, reports._life.Token);
        return reports;
    }

    /// <summary>Waits for what <see cref="News"/> was taken for.</summary>
    public async Task WaitAsync(Task news, CancellationToken cancellationToken) => await await Task.WhenAny(news, _following).WaitAsync(cancellationToken).ConfigureAwait(false);

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
        // What was read before is not of this store.
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
