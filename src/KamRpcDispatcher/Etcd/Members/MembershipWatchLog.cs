using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Members;

/// <summary>Tells how the members are followed, and that the store is away: for all that is followed in it.</summary>
/// <param name="endpoints">Where the store is.</param>
/// <param name="prefix">Which keys are followed.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class MembershipWatchLog(EtcdEndpoints endpoints, string prefix, TimeProvider timeProvider, ILogger logger) : IKeyWatchLog
{
    private readonly Outage _outage = new(timeProvider);
    private readonly LogLimit _replacements = new(timeProvider);
    private volatile StoreOutage? _away;
    private long _heardAt;

    /// <summary>Since when the store cannot be followed, and why; null while it can.</summary>
    public StoreOutage? Away => _away;

    /// <summary>How long ago the store was heard; null for never.</summary>
    public TimeSpan? HeardAgo => Interlocked.Read(ref _heardAt) is not 0 and var at ? timeProvider.GetElapsedTime(at) : null;

    public void Listing(int read, long all, TimeSpan elapsed) => EtcdLog.Listing(logger, read, all, elapsed);

    public void Listed(int count, long revision)
    {
        Interlocked.Exchange(ref _heardAt, timeProvider.GetTimestamp());
        EtcdLog.Listed(logger, count, revision);
    }

    public void Compacted(long wanted, long compacted) => EtcdLog.Compacted(logger, wanted, compacted);

    /// <summary>Where two stores answer in turn under one address, each reading finds another one.</summary>
    public void Replaced(long known, long found)
    {
        if (_replacements.Allows())
        {
            EtcdLog.StoreReplaced(logger, known, found);
        }
    }

    public void Followed(long revision)
    {
        _away = null;
        Interlocked.Exchange(ref _heardAt, timeProvider.GetTimestamp());
        if (_outage.End() is { } lasted)
        {
            EtcdLog.WatchResumed(logger, endpoints, revision, lasted);
        }
    }

    public TimeSpan Failed(Exception exception)
    {
        // What etcd refuses somebody has to mend; how it cannot be reached changes all the time.
        var reason = EtcdFailure.Describe(exception);
        switch (_outage.Meet(EtcdFailure.IsRefusal(exception) ? reason : string.Empty))
        {
            case OutageNews.Begins or OutageNews.Changes:
                EtcdLog.WatchInterrupted(logger, endpoints, reason, prefix);
                break;
            case OutageNews.Lasts:
                EtcdLog.WatchStillInterrupted(logger, endpoints, _outage.Lasted, reason, prefix);
                break;
        }

        _away = new StoreOutage(_outage.Since ?? timeProvider.GetUtcNow(), reason);
        return EtcdCall.RetryPause;
    }
}
