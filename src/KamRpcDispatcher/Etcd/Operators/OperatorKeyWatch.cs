using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Keys of operators as far as they have been read, that the store may refuse to let be read.</summary>
internal interface IOperatorKeys : IFollowedKeys
{
    /// <summary>The store does not let them be read, or does so again: those that are known stay in force either way.</summary>
    void Refused(bool isRefused);

    /// <summary>The store turned out to be another one, or to be restored: the next listing is compared with what was known.</summary>
    void Replaced();
}

/// <summary>Follows keys of operators in etcd, by a <see cref="KeyWatch"/>. Where etcd refuses to let them be read this is told, and tried again ever more slowly.</summary>
/// <remarks>An outage changes nothing, and is told by whoever follows the members.</remarks>
internal sealed class OperatorKeyWatch : IKeyWatchLog
{
    /// <summary>Pauses are doubled so often, to some ten seconds.</summary>
    private const int MostDoublings = 5;

    private readonly EtcdConnection _store;
    private readonly string _prefix;
    private readonly IOperatorKeys _state;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly KeyWatch _watch;
    private Action _changed = static () => { };
    private int _refusals;
    private long? _refusedSince;

    /// <param name="store">The connection.</param>
    /// <param name="prefix">Below which they are.</param>
    /// <param name="name">What the watch is called in the log.</param>
    /// <param name="state">What is kept up to date.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public OperatorKeyWatch(EtcdConnection store, string prefix, string name, IOperatorKeys state, TimeProvider timeProvider, ILogger logger)
    {
        (_store, _prefix, _state, _timeProvider, _logger) = (store, prefix, state, timeProvider, logger);
        _watch = new KeyWatch(store, prefix, name, state, this, timeProvider, logger);
    }

    public Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        _changed = changed;
        return _watch.RunAsync(changed, cancellationToken);
    }

    void IKeyWatchLog.Listing(int read, long all, TimeSpan elapsed)
    {
        // There are few.
    }

    void IKeyWatchLog.Listed(int count, long revision) => Allowed(revision);

    void IKeyWatchLog.Compacted(long wanted, long compacted)
    {
        // That all is read anew concerns nobody.
    }

    // Of the store this is told of the members; of what it lacks by the next listing.
    void IKeyWatchLog.Replaced(long known, long found) => _state.Replaced();

    void IKeyWatchLog.Followed(long revision) => Allowed(revision);

    TimeSpan IKeyWatchLog.Failed(Exception exception)
    {
        if (exception is not RpcException { StatusCode: StatusCode.PermissionDenied })
        {
            return EtcdCall.RetryPause;
        }

        // A watch is refused in the same words when its token has expired: only the call after it tells.
        _refusals++;
        if ((_refusals > 1 || _state.Revision == 0) && _refusedSince is null)
        {
            _refusedSince = _timeProvider.GetTimestamp();
            _state.Refused(true);
            OperatorLog.IntentsRefused(_logger, _store.Endpoints.ToString(), _prefix);
            _changed();
        }

        return EtcdCall.RetryPause * (1 << Math.Min(_refusals - 1, MostDoublings));
    }

    private void Allowed(long revision)
    {
        _refusals = 0;
        if (_refusedSince is { } since)
        {
            _refusedSince = null;
            OperatorLog.IntentsFollowed(_logger, revision, _timeProvider.GetElapsedTime(since));
            _state.Refused(false);
            _changed();
        }
    }
}
