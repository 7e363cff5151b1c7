using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>One key of ours, held under a lease: written, kept alive, written again whenever it was lost, withdrawn at the end.</summary>
/// <param name="store">The connection.</param>
/// <param name="key">The key.</param>
/// <param name="ttl">The lease's time to live.</param>
/// <param name="farewell">What is written before the key is deleted, null for nothing: a lease that ends does not say so.</param>
/// <param name="mayTakeOver">Whether a value found under the key, held by another lease, is ours from an earlier life.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class LeasedRecord(
    EtcdStore store,
    string key,
    TimeSpan ttl,
    byte[]? farewell,
    Func<ReadOnlyMemory<byte>, bool> mayTakeOver,
    TimeProvider timeProvider,
    ILogger logger)
{
    private static readonly TimeSpan OccupiedDelay = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two writes of a value that changes all the time.</summary>
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WithdrawTimeout = TimeSpan.FromSeconds(3);

    private readonly ByteString _key = ByteString.CopyFromUtf8(key);
    private readonly Channel<bool> _updated = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile ByteString _value = ByteString.Empty;
    private ByteString _written = ByteString.Empty;
    private long _writtenAt;
    private long _lease;
    private bool _isHeld;
    private bool _maySupersede = true;
    private bool _isOut;
    private bool _isOccupied;

    /// <summary>Sets the value; it is written at once when the key is held, else as soon as it is.</summary>
    public void Update(byte[] value)
    {
        _value = ByteString.CopyFrom(value);
        _updated.Writer.TryWrite(true);
    }

    /// <summary>Holds the key until cancelled, then withdraws it; false when it could not be withdrawn.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    if (_isHeld)
                    {
                        await RenewAsync(cancellationToken).ConfigureAwait(false);
                    }
                    else
                    {
                        await ClaimAsync(cancellationToken).ConfigureAwait(false);
                    }

                    Recovered();
                }
                catch (Exception exception) when (EtcdStore.IsOutage(exception, cancellationToken))
                {
                    Interrupted(exception);
                }

                await RestAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return _lease == 0 || await WithdrawAsync().ConfigureAwait(false);
        }
    }

    private void Interrupted(Exception exception)
    {
        if (exception is RpcException { StatusCode: StatusCode.NotFound })
        {
            // A write under a lease that has ended: etcd is there.
            LoseLease();
            return;
        }

        store.Failed();
        if (!_isOut)
        {
            EtcdLog.KeepAliveInterrupted(logger, store.Endpoints, key, EtcdStore.Describe(exception));
            _isOut = true;
        }
    }

    private void Recovered()
    {
        store.Succeeded();
        if (_isOut)
        {
            EtcdLog.KeepAliveResumed(logger, key);
            _isOut = false;
        }
    }

    private async Task RestAsync(CancellationToken cancellationToken)
    {
        if (_isOut)
        {
            await Task.Delay(EtcdStore.RetryDelay, timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!_isHeld && !_isOccupied)
        {
            // Lost a moment ago: claim it again at once.
            return;
        }

        using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updated = _updated.Reader.ReadAsync(rest.Token).AsTask();
        await Task.WhenAny(updated, Task.Delay(_isHeld ? ttl / 3 : OccupiedDelay, timeProvider, rest.Token)).ConfigureAwait(false);
        await rest.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        var sinceWritten = timeProvider.GetElapsedTime(_writtenAt);
        if (sinceWritten < UpdateInterval)
        {
            await Task.Delay(UpdateInterval - sinceWritten, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the key under a lease of ours, if it is free.</summary>
    private async Task ClaimAsync(CancellationToken cancellationToken)
    {
        var present = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (present is not null && present.Lease != _lease && !(_maySupersede && present.Lease != 0 && mayTakeOver(present.Value.Memory)))
        {
            if (!_isOccupied)
            {
                EtcdLog.Occupied(logger, key, Destinations.MemberRules.Shorten(present.Value.ToStringUtf8(), 256));
                _isOccupied = true;
            }

            return;
        }

        if (_lease == 0)
        {
            var request = new LeaseGrantRequest { TTL = (long)Math.Ceiling(ttl.TotalSeconds) };
            var granted = await store.Leases.LeaseGrantAsync(request, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
            _lease = granted.ID;
        }

        _isOccupied = false;
        _isHeld = await WriteAsync(present?.ModRevision ?? 0, cancellationToken).ConfigureAwait(false);
        if (_isHeld)
        {
            // What was set before is written with it; what was set meanwhile is not.
            if (_value.Equals(_written))
            {
                _updated.Reader.TryRead(out _);
            }

            EtcdLog.Claimed(logger, key, _lease);
        }
    }

    /// <summary>Keeps the lease alive and the key as it should be.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (!await KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            LoseLease();
            return;
        }

        var present = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (present is null)
        {
            EtcdLog.KeyDeleted(logger, key);
            _isHeld = await WriteAsync(0, cancellationToken).ConfigureAwait(false);
        }
        else if (present.Lease != _lease)
        {
            // Two holders that took it from one another in turn would never end: the first one gives in.
            EtcdLog.Superseded(logger, key);
            _maySupersede = false;
            _isHeld = false;
        }
        else if (!_value.Equals(_written))
        {
            await WriteAsync(present.ModRevision, cancellationToken).ConfigureAwait(false);
        }
    }

    private void LoseLease()
    {
        EtcdLog.LeaseLost(logger, key);
        (_lease, _isHeld) = (0, false);
    }

    private async Task<Mvccpb.KeyValue?> ReadAsync(CancellationToken cancellationToken)
    {
        var found = await store.Keys.RangeAsync(new RangeRequest { Key = _key }, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        return found.Kvs.FirstOrDefault();
    }

    /// <summary>One short stream a renewal: a long one can hang for as long as its server does.</summary>
    private async Task<bool> KeepAliveAsync(CancellationToken cancellationToken)
    {
        using var call = store.Leases.LeaseKeepAlive(EtcdStore.Options(cancellationToken));
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = _lease }, cancellationToken).ConfigureAwait(false);
        if (!await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "the server ended the keep-alive"));
        }

        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
        return call.ResponseStream.Current.TTL > 0;
    }

    /// <summary>Writes the value in one transaction with its lease, if the key is unchanged (0: absent); false when it is not.</summary>
    private async Task<bool> WriteAsync(long modRevision, CancellationToken cancellationToken)
    {
        var value = _value;
        var transaction = new TxnRequest
        {
            Compare = { new Compare { Key = _key, Target = Compare.Types.CompareTarget.Mod, Result = Compare.Types.CompareResult.Equal, ModRevision = modRevision } },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = _key, Value = value, Lease = _lease } } },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = _key } } },
        };
        var done = await store.Keys.TxnAsync(transaction, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);

        // A write that was applied, but whose answer was lost, finds itself.
        if (done.Succeeded || done.Responses[0].ResponseRange.Kvs.Any(pair => pair.Lease == _lease && pair.Value.Equals(value)))
        {
            _written = value;
            _writtenAt = timeProvider.GetTimestamp();
            return true;
        }

        return false;
    }

    private async Task<bool> WithdrawAsync()
    {
        try
        {
            var options = EtcdStore.Options(WithdrawTimeout, CancellationToken.None);
            if (farewell is not null)
            {
                await IfOursAsync(new RequestOp { RequestPut = new PutRequest { Key = _key, Value = ByteString.CopyFrom(farewell), Lease = _lease } }, options).ConfigureAwait(false);
            }

            await IfOursAsync(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = _key } }, options).ConfigureAwait(false);
            await store.Leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = _lease }, options).ConfigureAwait(false);
            EtcdLog.Withdrawn(logger, key);
            return true;
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            // The lease had ended by itself.
            EtcdLog.Withdrawn(logger, key);
            return true;
        }
        catch (Exception exception) when (EtcdStore.IsOutage(exception, CancellationToken.None))
        {
            EtcdLog.NotWithdrawn(logger, key, EtcdStore.Describe(exception));
            return false;
        }
    }

    private async Task IfOursAsync(RequestOp operation, CallOptions options)
    {
        var transaction = new TxnRequest
        {
            Compare = { new Compare { Key = _key, Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.Equal, Lease = _lease } },
            Success = { operation },
        };
        await store.Keys.TxnAsync(transaction, options).ConfigureAwait(false);
    }
}
