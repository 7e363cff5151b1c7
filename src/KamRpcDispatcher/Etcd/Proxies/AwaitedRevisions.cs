using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>The revisions that anybody waits for, as a proxy follows them, so that it reports those at once and all others once a second.</summary>
/// <remarks>Where they cannot be followed any revision may be waited for. A wait that cannot be read, or that has no lease and would stay for ever, is nobody's.</remarks>
internal sealed class AwaitedRevisions : IFollowedKeys, IKeyWatchLog
{
    /// <summary>As many are followed: who writes more than that is no operator.</summary>
    internal const int MostFollowed = 1000;

    /// <summary>Pauses after a refusal are doubled so often, to a minute.</summary>
    private const int MostDoublings = 8;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _waits = new(StringComparer.Ordinal);
    private readonly KeyWatch _watch;
    private readonly string _prefix;
    private readonly ILogger<AwaitedRevisions> _logger;
    private bool _isFollowed;
    private int _refusals;
    private ulong _clusterId;
    private ulong _term;

    public AwaitedRevisions(EtcdConnection store, EtcdKeys keys, TimeProvider timeProvider, ILogger<AwaitedRevisions> logger)
    {
        (_prefix, _logger) = (keys.Waits, logger);
        _watch = new KeyWatch(store, _prefix, "the watch of what is waited for", this, this, timeProvider, logger);
    }

    public long Revision { get; private set; }

    /// <summary>Nothing depends on the store's being heard soon.</summary>
    public bool IsDoubting => false;

    /// <summary>By these no store is known again: after an outage all is listed.</summary>
    public ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest => (null, -1);

    /// <summary>Follows them until cancelled; <paramref name="changed"/> is called after each change.</summary>
    public Task RunAsync(Action changed, CancellationToken cancellationToken) => _watch.RunAsync(changed, cancellationToken);

    /// <summary>Whether somebody may wait for one of the revisions after <paramref name="before"/>, up to <paramref name="after"/>.</summary>
    public bool IsAwaited(long before, long after)
    {
        lock (_lock)
        {
            return !_isFollowed || _waits.Values.Any(revision => before < revision && revision <= after);
        }
    }

    public bool IsAnother(ResponseHeader header) => header.ClusterId != _clusterId || header.Revision < Revision || header.RaftTerm < _term;

    public void Follow(ResponseHeader header) => _term = Math.Max(_term, header.RaftTerm);

    public bool Hear(bool wasAway) => false;

    public void Publish(long revision) => Revision = revision;

    public void Replace(KeyListing listed, bool wasAway)
    {
        lock (_lock)
        {
            (_clusterId, _term, Revision, _isFollowed) = (listed.Header.ClusterId, listed.Header.RaftTerm, listed.Revision, true);
            _waits.Clear();
            foreach (var pair in listed.Keys)
            {
                Put(pair);
            }
        }
    }

    public void Apply(IEnumerable<Mvccpb.Event> events)
    {
        lock (_lock)
        {
            foreach (var change in events)
            {
                if (change.Type == Mvccpb.Event.Types.EventType.Delete)
                {
                    _waits.Remove(change.Kv.Key.ToStringUtf8());
                }
                else
                {
                    Put(change.Kv);
                }
            }
        }
    }

    void IKeyWatchLog.Listing(int read, long all, TimeSpan elapsed)
    {
        // There are few.
    }

    void IKeyWatchLog.Listed(int count, long revision)
    {
        if (_refusals > 0)
        {
            _refusals = 0;
            ReportLog.WaitsFollowed(_logger);
        }
    }

    void IKeyWatchLog.Compacted(long wanted, long compacted)
    {
        // All is read again.
    }

    void IKeyWatchLog.Replaced(long known, long found)
    {
        // What was read before is not of this store.
    }

    void IKeyWatchLog.Followed(long revision)
    {
        // What matters of it is said by the listing before.
    }

    /// <summary>While the store is away nothing is written, and it is followed again soon after; what it refuses it goes on refusing.</summary>
    TimeSpan IKeyWatchLog.Failed(Exception exception)
    {
        if (exception is not RpcException { StatusCode: StatusCode.PermissionDenied })
        {
            return EtcdCall.RetryPause;
        }

        lock (_lock)
        {
            _isFollowed = false;
        }

        // A watch is refused in the same words when its token has expired: only the listing after it tells.
        if (++_refusals == 2)
        {
            ReportLog.WaitsRefused(_logger, _prefix);
        }

        return EtcdCall.RetryPause * (1 << Math.Min(_refusals - 1, MostDoublings));
    }

    private void Put(Mvccpb.KeyValue pair)
    {
        var key = pair.Key.ToStringUtf8();
        if (pair.Lease == 0 || !WaitRecord.TryRead(pair.Value.Memory, out var wait) || (_waits.Count >= MostFollowed && !_waits.ContainsKey(key)))
        {
            _waits.Remove(key);
            return;
        }

        _waits[key] = wait.Revision;
    }
}
