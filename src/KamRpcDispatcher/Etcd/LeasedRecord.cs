using System.Threading.Channels;
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

    private readonly EtcdKey _key = new(store, key);
    private readonly EtcdLease _lease = new(store, ttl);
    private readonly Channel<bool> _updated = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile ByteString _value = ByteString.Empty;
    private ByteString _written = ByteString.Empty;
    private long _writtenAt;
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
            return _lease.Id == 0 || await WithdrawAsync().ConfigureAwait(false);
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
        var present = await _key.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (present is not null && !IsOurs(present))
        {
            if (!_isOccupied)
            {
                EtcdLog.Occupied(logger, key, Destinations.MemberRules.Shorten(present.Value.ToStringUtf8(), 256));
                _isOccupied = true;
            }

            return;
        }

        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        _isOccupied = false;
        _isHeld = await WriteAsync(present?.ModRevision ?? 0, cancellationToken).ConfigureAwait(false);
        if (_isHeld)
        {
            // What was set before is written with it; what was set meanwhile is not.
            if (_value.Equals(_written))
            {
                _updated.Reader.TryRead(out _);
            }

            EtcdLog.Claimed(logger, key, _lease.Id);
        }
    }

    /// <summary>Whether what stands there is ours, from this life or an earlier one. What has no lease an operator wrote.</summary>
    private bool IsOurs(Mvccpb.KeyValue present) =>
        present.Lease != 0 && (present.Lease == _lease.Id || (_maySupersede && mayTakeOver(present.Value.Memory)));

    /// <summary>Keeps the lease alive and the key as it should be.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            LoseLease();
            return;
        }

        var present = await _key.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (present is null)
        {
            EtcdLog.KeyDeleted(logger, key);
            _isHeld = await WriteAsync(0, cancellationToken).ConfigureAwait(false);
        }
        else if (present.Lease != _lease.Id)
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
        _lease.Forget();
        _isHeld = false;
    }

    /// <summary>Writes the value, if the key is unchanged (0: absent); false when it is not.</summary>
    private async Task<bool> WriteAsync(long modRevision, CancellationToken cancellationToken)
    {
        var value = _value;
        var (isWritten, found) = await _key.WriteAsync(value, _lease.Id, modRevision, cancellationToken).ConfigureAwait(false);

        // A write that was applied, but whose answer was lost, finds itself.
        if (!isWritten && !(found?.Lease == _lease.Id && found.Value.Equals(value)))
        {
            return false;
        }

        _written = value;
        _writtenAt = timeProvider.GetTimestamp();
        return true;
    }

    private async Task<bool> WithdrawAsync()
    {
        try
        {
            var options = EtcdStore.Options(WithdrawTimeout, CancellationToken.None);
            if (farewell is not null)
            {
                await _key.WriteIfUnderAsync(_lease.Id, ByteString.CopyFrom(farewell), options).ConfigureAwait(false);
            }

            await _key.DeleteIfUnderAsync(_lease.Id, options).ConfigureAwait(false);
            await _lease.RevokeAsync(options).ConfigureAwait(false);
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
}
