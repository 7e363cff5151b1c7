using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Says in the store that somebody waits for a revision, under a lease, so that each proxy reports it at once and not with what it reports in a second.</summary>
/// <remarks>Who may not write that, or does not reach the store, waits a second longer: nothing else depends on it.</remarks>
internal sealed class AwaitedRevision : IAsyncDisposable
{
    /// <summary>How long it outlives who waits.</summary>
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);

    /// <summary>As long nothing is written: where little happens proxies report everything at once.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(10);

    private readonly EtcdConnection _store;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ByteString _key;
    private readonly ByteString _value;
    private readonly EtcdLease _lease;
    private readonly CancellationTokenSource _life = new();
    private readonly Task _keeping;

    /// <param name="store">The connection.</param>
    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="revision">What is waited for.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public AwaitedRevision(EtcdConnection store, EtcdKeys keys, long revision, TimeProvider timeProvider, ILogger logger)
    {
        (_store, _timeProvider, _logger) = (store, timeProvider, logger);
        _key = ByteString.CopyFromUtf8(keys.Waits + RandomNumberGenerator.GetHexString(16, lowercase: true));
        _value = ByteString.CopyFrom(new WaitRecord(revision).Write());
        _lease = new EtcdLease(store, Ttl, timeProvider);
        _keeping = KeepAsync(_life.Token);
    }

    /// <summary>Takes it back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            using var patience = new CancellationTokenSource(EtcdCall.Timeout, _timeProvider);
            await _lease.RevokeAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            // It ends by itself.
        }

        _life.Dispose();
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Delay, _timeProvider, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            TimeSpan rest;
            try
            {
                if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
                {
                    _lease.Forget();
                }

                if (_lease.Id == 0)
                {
                    await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
                    await _store.Keys.PutAsync(new() { Key = _key, Value = _value, Lease = _lease.Id }, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
                }

                rest = _lease.UntilRenewal;
            }
            catch (RpcException refused) when (refused.StatusCode == StatusCode.PermissionDenied)
            {
                ReportLog.WaitRefused(_logger, _key.ToStringUtf8());
                return;
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();

                // Whether the key was written is not known.
                _lease.Forget();
                rest = EtcdCall.RetryPause;
            }

            await Task.Delay(rest, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
