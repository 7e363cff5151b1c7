using KamRpcDispatcher.Etcd.Connection;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>The page of a process: what it is made of is followed while somebody looks.</summary>
internal sealed class LivePage : IAsyncDisposable
{
    private readonly PageStore _store;
    private readonly PageFeed _feed;
    private readonly CancellationTokenSource _life = new();
    private readonly Task _following;

    /// <param name="etcd">Where the cluster is.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="local">The dispatcher of this process; null for none.</param>
    /// <param name="mostWatchers">As many may look at a time.</param>
    /// <param name="logs">Where to log.</param>
    public LivePage(EtcdOptions etcd, string cluster, PageLocal? local, int mostWatchers, ILoggerFactory logs)
    {
        _store = new PageStore(etcd, cluster, TimeProvider.System);
        _feed = new PageFeed(new PageSource(cluster, _store, local, TimeProvider.System), mostWatchers, TimeProvider.System, logs.CreateLogger<PageFeed>());
        Answers = new PageAnswers(_feed, TimeProvider.System);
        _following = _feed.RunAsync(_life.Token);
    }

    public PageAnswers Answers { get; }

    /// <summary>Something may have changed.</summary>
    public void Wake() => _feed.Wake();

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _store.Dispose();
        _life.Dispose();
    }
}
