using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>Follows the members in etcd: lists them, watches from the next revision on, and lists again when that revision was compacted.</summary>
/// <remarks>
/// An outage changes nothing: members leave on a delete or expiry event, or when a complete listing lacks them, never on silence.
/// </remarks>
internal sealed class MembershipWatch(EtcdStore store, EtcdKeys keys, TimeProvider timeProvider, ILogger<MembershipWatch> logger) : IMembershipSource
{
    private readonly ByteString _prefix = ByteString.CopyFromUtf8(keys.Members);
    private readonly ByteString _end = PrefixEnd(keys.Members);
    private readonly MembershipTable _table = new(keys, timeProvider);
    private readonly Lock _lock = new();
    private Membership? _current;
    private bool _isStale;
    private long _revision;
    private ulong _clusterId;

    public Membership? Current
    {
        get
        {
            lock (_lock)
            {
                if (_isStale)
                {
                    _current = _table.At(_revision);
                    _isStale = false;
                }

                return _current;
            }
        }
    }

    /// <summary>Takes a membership of before as what was known last. Only before <see cref="RunAsync"/>.</summary>
    public void Seed(Membership before)
    {
        lock (_lock)
        {
            _table.Seed(before);
        }
    }

    public async Task RunAsync(Action changed, CancellationToken cancellationToken)
    {
        var mustList = true;
        var mustAsk = false;
        string? trouble = null;
        var faults = new LoopFaults("the watch of the members", logger);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (mustAsk)
                {
                    await AskAsync(cancellationToken).ConfigureAwait(false);
                    mustAsk = false;
                }

                if (mustList)
                {
                    await ListAsync(changed, cancellationToken).ConfigureAwait(false);
                    mustList = false;
                }

                mustList = await FollowAsync(changed, Established, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (EtcdStore.IsOutage(exception, cancellationToken))
            {
                store.Failed(exception);
                var reason = EtcdStore.Describe(exception);
                if (trouble is null || (reason != trouble && EtcdStore.IsRefusal(exception)))
                {
                    EtcdLog.WatchInterrupted(logger, store.Endpoints, reason, keys.Members);
                    trouble = reason;
                }

                mustAsk = EtcdStore.IsRefusal(exception);
                await Task.Delay(EtcdStore.RetryDelay, timeProvider, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
            {
                // Whatever it was may have been lost on the way: all is read anew.
                mustList = true;
                await Task.Delay(faults.Failed(exception), timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();

        void Established()
        {
            Recovered(ref trouble);
            faults.Succeeded();
        }
    }

    private void Recovered(ref string? trouble)
    {
        store.Succeeded();
        if (trouble is not null)
        {
            EtcdLog.WatchResumed(logger, store.Endpoints, _revision);
            trouble = null;
        }
    }

    /// <summary>
    /// Has etcd say whether the members may be read. A watch is refused without saying why, and renews no token that has expired; a plain call
    /// does both. Listing would too, but it does not tell a withdrawal from an expiry.
    /// </summary>
    private async Task AskAsync(CancellationToken cancellationToken) =>
        await store.Keys.RangeAsync(new RangeRequest { Key = _prefix, RangeEnd = _end, CountOnly = true }, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);

    private async Task ListAsync(Action changed, CancellationToken cancellationToken)
    {
        var request = new RangeRequest { Key = _prefix, RangeEnd = _end };
        var listed = await store.Keys.RangeAsync(request, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        lock (_lock)
        {
            foreach (var pair in listed.Kvs)
            {
                _table.Put(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.CreateRevision, pair.ModRevision, pair.Lease != 0);
            }

            _table.RetainOnly(listed.Kvs.Select(static pair => pair.Key.ToStringUtf8()).ToHashSet(StringComparer.Ordinal));
            _clusterId = listed.Header.ClusterId;
        }

        Publish(listed.Header.Revision, changed);
        EtcdLog.Listed(logger, listed.Kvs.Count, listed.Header.Revision);
    }

    /// <summary>Watches from the revision after the current one; true when the members must be listed again.</summary>
    private async Task<bool> FollowAsync(Action changed, Action established, CancellationToken cancellationToken)
    {
        await using var stream = await WatchStream.OpenAsync(store.Watches, _prefix, _end, _revision + 1, timeProvider, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var response = await stream.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (response.Canceled)
            {
                if (response.CompactRevision == 0)
                {
                    throw new RpcException(new Status(StatusCode.PermissionDenied, response.CancelReason));
                }

                EtcdLog.Compacted(logger, _revision + 1, response.CompactRevision);
                return true;
            }

            if (response.Created && (response.Header.ClusterId != _clusterId || response.Header.Revision < _revision))
            {
                // Another store, or this one restored from a backup: its events so far are not in our list, and ours are not in its future.
                EtcdLog.StoreReplaced(logger, _revision, response.Header.Revision);
                return true;
            }

            established();
            Apply(response, changed);
        }
    }

    private void Apply(WatchResponse response, Action changed)
    {
        if (response.Events.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var change in response.Events)
            {
                var key = change.Kv.Key.ToStringUtf8();
                if (change.Type == Mvccpb.Event.Types.EventType.Put)
                {
                    _table.Put(key, change.Kv.Value.Memory, change.Kv.CreateRevision, change.Kv.ModRevision, change.Kv.Lease != 0);
                }
                else
                {
                    _table.Delete(key);
                }
            }
        }

        // The rest of a split response has the same revision: were the stream to break now, all of it would be needed again.
        if (!response.Fragment)
        {
            Publish(response.Events[^1].Kv.ModRevision, changed);
        }
    }

    private void Publish(long revision, Action changed)
    {
        lock (_lock)
        {
            _revision = revision;
            _isStale = true;
            foreach (var rejected in _table.TakeNewlyRejected())
            {
                EtcdLog.Rejected(logger, rejected.Key, rejected.Reason, rejected.Consequence);
            }

            foreach (var (key, remark) in _table.TakeNewRemarks())
            {
                EtcdLog.LeftOut(logger, key, remark);
            }
        }

        changed();
    }

    /// <summary>The first key after all keys with the prefix: the prefix with its last octet one higher ('/' becomes '0').</summary>
    internal static ByteString PrefixEnd(string prefix)
    {
        var octets = System.Text.Encoding.UTF8.GetBytes(prefix);
        octets[^1]++;
        return ByteString.CopyFrom(octets);
    }
}
