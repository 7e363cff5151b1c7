using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Operators;

/// <summary>Follows operators' intents in etcd, by a <see cref="KeyWatch"/>. Where etcd refuses to let them be read this is told, and tried again ever more slowly.</summary>
/// <remarks>An outage changes nothing, and is told by whoever follows the members.</remarks>
internal sealed class IntentWatch : IIntentSource, IKeyWatchLog
{
    /// <summary>Pauses are doubled so often, to some ten seconds.</summary>
    private const int MostDoublings = 5;

    private readonly EtcdConnection _store;
    private readonly EtcdKeys _keys;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly IntentState _state;
    private readonly KeyWatch _watch;
    private Action _changed = static () => { };
    private int _refusals;
    private long? _refusedSince;

    public IntentWatch(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<IntentWatch> logger)
    {
        (_store, _keys, _timeProvider, _logger) = (store, keys, timeProvider, logger);
        _state = new IntentState(keys, timeProvider, logger);
        _watch = new KeyWatch(store, keys.Intents, "the watch of operators' intents", _state, this, timeProvider, logger);
    }

    public OperatorIntents? Current => _state.Current;

    /// <inheritdoc cref="IntentState.Seed"/>
    /// <remarks>Only before <see cref="RunAsync"/>.</remarks>
    public void Seed(Membership before) => _state.Seed(before);

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
            OperatorLog.IntentsRefused(_logger, _store.Endpoints.ToString(), _keys.Intents);
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
