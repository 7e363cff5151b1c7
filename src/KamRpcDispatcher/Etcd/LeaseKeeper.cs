using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd;

/// <summary>Keys of ours, held under one lease: written, kept alive, written again whenever they were lost, withdrawn at the end.</summary>
/// <param name="store">The connection.</param>
/// <param name="ttl">The lease's time to live.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class LeaseKeeper(EtcdStore store, TimeSpan ttl, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan OccupiedDelay = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two writes: values may change all the time.</summary>
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WithdrawTimeout = TimeSpan.FromSeconds(3);

    private readonly List<LeasedRecord> _records = [];
    private readonly KeyTransactions _keys = new(store);
    private readonly EtcdLease _lease = new(store, ttl);
    private readonly Channel<bool> _updated = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile TaskCompletionSource _round = NewRound();
    private long _revision;
    private long? _writtenAt;
    private long? _renewedAt;
    private long? _lookedAt;
    private bool _isOut;

    /// <summary>Adds a key. Only before <see cref="RunAsync"/>.</summary>
    /// <param name="key">The key, that of no other record here.</param>
    /// <param name="farewell">What is written before the key is deleted, null for nothing.</param>
    /// <param name="mayTakeOver">Whether a value found under the key, held by another lease, is ours from an earlier life.</param>
    public LeasedRecord Add(string key, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver)
    {
        var record = new LeasedRecord(key, farewell, mayTakeOver, () => _updated.Writer.TryWrite(true), logger);
        _records.Add(record);
        return record;
    }

    /// <summary>Holds the keys until cancelled, then withdraws them; false when they could not be withdrawn.</summary>
    /// <param name="expect">Told how long the next step takes at most, so that a loop that hangs is noticed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<bool> RunAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // A round is a few calls, each within its timeout; how many there are grows with the keys.
                expect(EtcdStore.CallTimeout * (4 + (2 * _records.Count / KeyTransactions.MostKeys)));
                try
                {
                    await HoldAsync(cancellationToken).ConfigureAwait(false);
                    Recovered();
                }
                catch (Exception exception) when (EtcdStore.IsOutage(exception, cancellationToken))
                {
                    Interrupted(exception);
                }

                Interlocked.Exchange(ref _round, NewRound()).TrySetResult();
                await RestAsync(expect, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return _lease.Id == 0 || await WithdrawAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits until every key has a value and is held with it.</summary>
    public Task AnnouncedAsync(CancellationToken cancellationToken) => AllAsync(static record => record.IsWritten, cancellationToken);

    /// <summary>Waits until every value set before is in the store, keys that somebody else has apart.</summary>
    /// <returns>The newest revision of ours.</returns>
    public async Task<long> SettledAsync(CancellationToken cancellationToken)
    {
        await AllAsync(static record => record.IsSettled, cancellationToken).ConfigureAwait(false);
        return Interlocked.Read(ref _revision);
    }

    private static TaskCompletionSource NewRound() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task AllAsync(Predicate<LeasedRecord> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            // In this order: what a round does after it was looked at ends the wait.
            var round = _round;
            if (_records.TrueForAll(condition))
            {
                return;
            }

            await round.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private string Keys => _records.Count == 1 ? _records[0].Name : $"{_records[0].Name} and {_records.Count - 1} more";

    private async Task HoldAsync(CancellationToken cancellationToken)
    {
        if (_lease.Id != 0 && IsDue(_renewedAt, ttl / 3))
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_records.Exists(static record => record.IsUnknown) || IsDue(_lookedAt, LookInterval))
        {
            await LookAsync(cancellationToken).ConfigureAwait(false);
        }

        var due = _records.FindAll(static record => record.IsDue);
        if (due.Count > 0)
        {
            await WriteAsync(due, cancellationToken).ConfigureAwait(false);
        }
    }

    private TimeSpan LookInterval => _records.Exists(static record => record.IsOccupied) ? OccupiedDelay : ttl / 3;

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        // Its life counts from when the renewal was sent.
        var sent = timeProvider.GetTimestamp();
        if (await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            _renewedAt = sent;
            return;
        }

        LoseLease();
    }

    /// <summary>Looks what stands under the keys: somebody may have deleted one, or taken it, or left it.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var isHeld in (bool[])[true, false])
        {
            foreach (var batch in _records.Where(record => record.IsHeld == isHeld).ToList().Chunk(KeyTransactions.MostKeys))
            {
                var found = await _keys.ReadAsync([.. batch.Select(static record => record.Key)], withValue: !isHeld, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
                for (var index = 0; index < batch.Length; index++)
                {
                    batch[index].See(found[index], withValue: !isHeld, _lease.Id);
                }
            }
        }

        _lookedAt = timeProvider.GetTimestamp();
    }

    private async Task WriteAsync(List<LeasedRecord> due, CancellationToken cancellationToken)
    {
        // What is set from here on wakes the next round; what was set before is written now.
        _updated.Reader.TryRead(out _);
        if (_lease.Id == 0)
        {
            var sent = timeProvider.GetTimestamp();
            await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
            _renewedAt = sent;
        }

        _writtenAt = timeProvider.GetTimestamp();
        foreach (var batch in due.Chunk(KeyTransactions.MostKeys))
        {
            var writes = Array.ConvertAll(batch, static record => record.Write());
            var (revision, found) = await _keys.WriteAsync(writes, _lease.Id, EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
            for (var index = 0; index < batch.Length; index++)
            {
                if (found is null)
                {
                    batch[index].Written(writes[index].Value, revision, _lease.Id);
                }
                else
                {
                    // One of them is not as it was taken for: the others are written in the next round.
                    batch[index].See(found[index], withValue: true, _lease.Id);
                }
            }

            Interlocked.Exchange(ref _revision, Math.Max(Interlocked.Read(ref _revision), revision));
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

        store.Failed(exception);
        if (!_isOut)
        {
            EtcdLog.KeepAliveInterrupted(logger, store.Endpoints, Keys, EtcdStore.Describe(exception));
            _isOut = true;
        }
    }

    private void Recovered()
    {
        store.Succeeded();
        if (_isOut)
        {
            EtcdLog.KeepAliveResumed(logger, Keys);
            _isOut = false;
        }
    }

    private void LoseLease()
    {
        EtcdLog.LeaseLost(logger, Keys);
        _lease.Forget();
        _records.ForEach(static record => record.LeaseEnded());
    }

    private bool IsDue(long? last, TimeSpan interval) => last is not { } then || timeProvider.GetElapsedTime(then) >= interval;

    private TimeSpan Until(long? last, TimeSpan interval) =>
        last is { } then ? TimeSpan.FromTicks(Math.Max(0, (interval - timeProvider.GetElapsedTime(then)).Ticks)) : interval;

    private async Task RestAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        if (_isOut)
        {
            await Task.Delay(EtcdStore.RetryDelay, timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_records.Exists(static record => record.IsUnknown || record.IsDue))
        {
            // Lost or changed a moment ago: again at once.
            await SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var renewal = _lease.Id != 0 ? Until(_renewedAt, ttl / 3) : ttl / 3;
        var look = Until(_lookedAt, LookInterval);
        var rest = renewal < look ? renewal : look;
        expect(rest);
        using var resting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updated = _updated.Reader.ReadAsync(resting.Token).AsTask();
        await Task.WhenAny(updated, Task.Delay(rest, timeProvider, resting.Token)).ConfigureAwait(false);
        await resting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        await SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task SpaceWritesAsync(CancellationToken cancellationToken) =>
        _writtenAt is null ? Task.CompletedTask : Task.Delay(Until(_writtenAt, UpdateInterval), timeProvider, cancellationToken);

    private async Task<bool> WithdrawAsync()
    {
        try
        {
            var options = EtcdStore.Options(WithdrawTimeout, CancellationToken.None);
            foreach (var batch in _records.Chunk(KeyTransactions.MostKeys))
            {
                await _keys.DeleteUnderAsync(_lease.Id, [.. batch.Select(static record => (record.Key, record.Farewell))], options).ConfigureAwait(false);
            }

            await _lease.RevokeAsync(options).ConfigureAwait(false);
        }
        catch (RpcException gone) when (gone.StatusCode == StatusCode.NotFound)
        {
            // The lease had ended by itself.
        }
        catch (Exception exception) when (EtcdStore.IsOutage(exception, CancellationToken.None))
        {
            EtcdLog.NotWithdrawn(logger, Keys, EtcdStore.Describe(exception));
            return false;
        }

        EtcdLog.Withdrawn(logger, Keys);
        return true;
    }
}
