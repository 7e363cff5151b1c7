using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;

namespace KamRpcDispatcher.Operate.Rollouts;

/// <summary>The key of who runs a set's rollout, under a lease: there is one at a time, and whoever dies has it no longer.</summary>
public sealed class RolloutRunnerKey : IAsyncDisposable
{
    /// <summary>After so long somebody else may take over from one that died.</summary>
    internal static readonly TimeSpan Ttl = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(1);

    private readonly EtcdConnection _store;
    private readonly TimeProvider _timeProvider;
    private readonly ByteString _key;
    private readonly RolloutRunnerRecord _who;
    private ByteString _value;
    private volatile string? _says;
    private string? _told;
    private readonly EtcdLease _lease;
    private readonly KeyTransactions _keys;
    private readonly CancellationTokenSource _life = new();
    private readonly CancellationTokenSource _lost = new();
    private Task _keeping = Task.CompletedTask;
    private long _revision;
    private bool? _isGivenBack;

    private RolloutRunnerKey(EtcdConnection store, string key, RolloutRunnerRecord who, TimeProvider timeProvider)
    {
        (_store, _timeProvider) = (store, timeProvider);
        (_key, _who, _value) = (ByteString.CopyFromUtf8(key), who, ByteString.CopyFrom(who.Write()));
        (_lease, _keys) = (new EtcdLease(store, Ttl, timeProvider), new KeyTransactions(store));
    }

    /// <summary>Whether it is not held any more: somebody else has it.</summary>
    public bool IsLost => _lost.IsCancellationRequested;

    /// <summary>Cancelled when somebody else runs it.</summary>
    internal CancellationToken Lost => _lost.Token;

    /// <summary>The revision that created the key.</summary>
    internal long Revision => Volatile.Read(ref _revision);

    /// <summary>Takes it, unless somebody has it; null then.</summary>
    /// <exception cref="EtcdUnreachableException">etcd did not answer, or refuses.</exception>
    public static async Task<RolloutRunnerKey?> TakeAsync(EtcdConnection store, EtcdKeys keys, int set, string by, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var who = new RolloutRunnerRecord(by, Environment.MachineName, Environment.ProcessId, RandomNumberGenerator.GetHexString(16, lowercase: true));
        var runner = new RolloutRunnerKey(store, keys.RolloutRunner(set), who, timeProvider);
        try
        {
            if (await EtcdUnreachableException.GuardAsync(store, () => runner.HoldAsync(cancellationToken), cancellationToken).ConfigureAwait(false))
            {
                runner._keeping = runner.HoldUntilLostAsync(runner._life.Token);
                return runner;
            }
        }
        catch
        {
            await runner.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await runner.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    /// <summary>Has the key tell within a second what is done, or waited for: who looks from elsewhere knows no more than what stands in etcd.</summary>
    internal void Say(string text) => _says = SafeText.Shorten(text, MemberValidation.MaxReasonLength);

    /// <summary>Gives it back: whoever is told then that nobody runs the rollout finds it so.</summary>
    /// <returns>Whether etcd has said so; else the key ends by itself, some seconds later.</returns>
    public async Task<bool> GiveBackAsync()
    {
        if (_isGivenBack is { } before)
        {
            return before;
        }

        _isGivenBack = false;
        await _life.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            using var patience = new CancellationTokenSource(EtcdCall.Timeout, _timeProvider);
            await _lease.RevokeAsync(patience.Token).ConfigureAwait(false);
            _isGivenBack = true;
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            // It ends by itself.
        }

        return _isGivenBack.Value;
    }

    /// <summary>Gives it back.</summary>
    public async ValueTask DisposeAsync()
    {
        await GiveBackAsync().ConfigureAwait(false);
        _life.Dispose();
        _lost.Dispose();
    }

    /// <summary>Writes it under the lease, unless somebody has it.</summary>
    private async Task<bool> HoldAsync(CancellationToken cancellationToken)
    {
        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var (revision, found) = await _keys.WriteAsync([new KeyWrite(_key, _value, 0)], _lease.Id, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);

        // The answer of an earlier try may have been lost.
        revision = found is [{ } there] && there.Value == _value && there.Lease == _lease.Id ? there.CreateRevision : revision;
        if (revision > 0)
        {
            Volatile.Write(ref _revision, revision);
        }

        return revision > 0;
    }

    /// <summary>Whoever does not keep it any more, for whatever reason, does not run the rollout any more.</summary>
    private async Task HoldUntilLostAsync(CancellationToken cancellationToken)
    {
        try
        {
            await KeepAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await _lost.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        if (_says is not { } says || says == _told)
        {
            return;
        }

        var value = ByteString.CopyFrom((_who with { Says = says }).Write());
        var transaction = new TxnRequest
        {
            Compare = { KeyConditions.CreatedBy(_key, Revision) },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = _key, Value = value, Lease = _lease.Id } } },
        };
        if ((await _store.Keys.TxnAsync(transaction, EtcdCall.Options(cancellationToken)).ConfigureAwait(false)).Succeeded)
        {
            (_value, _told) = (value, says);
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var begun = _timeProvider.GetTimestamp();
            var rest = LongestRest;
            try
            {
                if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
                {
                    _lease.Forget();
                    if (!await HoldAsync(cancellationToken).ConfigureAwait(false))
                    {
                        return;
                    }
                }

                _store.Succeeded(begun);
                await TellAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
            {
                cancellationToken.ThrowIfCancellationRequested();
                _store.Failed(exception, begun);
                rest = _lease.RetryPause;
            }

            await Task.Delay(rest, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
