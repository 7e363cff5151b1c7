using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Whether the keys of a lease can be kept, and since when and why not: each outage is told once, and while it lasts from time to time.</summary>
/// <param name="store">The connection.</param>
/// <param name="records">The keys.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class LeaseOutage(EtcdConnection store, LeasedRecords records, TimeProvider timeProvider, ILogger logger)
{
    private readonly Outage _interruption = new(timeProvider);
    private readonly Outage _refusals = new(timeProvider);
    private volatile StoreOutage? _current;
    private volatile bool _isRefused;
    private volatile bool _hasReached;

    /// <summary>Why etcd cannot be used, and since when; null when it can.</summary>
    public StoreOutage? Current => _current;

    /// <summary>Whether etcd answers, and refuses.</summary>
    public bool IsRefused => _isRefused;

    /// <summary>Whether etcd was ever reached.</summary>
    public bool HasReached => _hasReached;

    /// <summary>A round failed.</summary>
    /// <param name="exception">By this.</param>
    /// <param name="isKept">Whether the lease was kept alive in that round, so that only new values are at stake.</param>
    public void Meet(Exception exception, bool isKept)
    {
        _isRefused = EtcdFailure.IsRefusal(exception);
        var reason = EtcdFailure.Describe(exception);

        // What etcd refuses somebody has to mend, so it is told though there was another outage before; how it cannot be reached changes all the time.
        switch (_interruption.Meet(_isRefused ? reason : string.Empty))
        {
            case not OutageNews.None when _isRefused && isKept && records.Any(static record => record.IsHeld):
                EtcdLog.WritesRefused(logger, store.Endpoints, reason, records.ToString(), Consequence("what is new is written as soon as etcd takes it"));
                break;
            case OutageNews.Begins or OutageNews.Changes:
                EtcdLog.KeepAliveInterrupted(logger, store.Endpoints, records.ToString(), reason);
                break;
            case OutageNews.Lasts:
                EtcdLog.KeepAliveStillInterrupted(logger, store.Endpoints, _interruption.Lasted, records.ToString(), reason);
                break;
        }

        if (_current is null || _isRefused)
        {
            _current = new StoreOutage(_interruption.Since ?? timeProvider.GetUtcNow(), reason);
        }
    }

    /// <summary>A round was done.</summary>
    public void End()
    {
        _hasReached = true;
        _isRefused = false;
        _current = null;
        if (_interruption.End() is { } lasted)
        {
            EtcdLog.KeepAliveResumed(logger, records.ToString(), lasted);
        }
    }

    /// <summary>Tells of keys that etcd refuses while it takes others.</summary>
    public void TellRefused()
    {
        if (records.Refused is not { } refused)
        {
            if (_refusals.End() is { } lasted)
            {
                EtcdLog.KeysTaken(logger, store.Endpoints, records.ToString(), lasted);
            }
        }
        else if (_refusals.Meet(refused) != OutageNews.None)
        {
            EtcdLog.KeysRefused(logger, store.Endpoints, refused, Consequence("the others are kept"));
        }
    }

    private string Consequence(string otherwise) => records.Harmful is { } harmful
        ? $"{harmful} still says that its server is ready, which is to get no calls: it is up to Kamailio's own pings until etcd takes writes again"
        : otherwise;
}
