using System.Threading.Channels;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Keys of ours, held under one lease: written, kept alive, written again whenever they were lost, withdrawn at the end.</summary>
internal sealed class LeaseKeeper
{
    /// <summary>What the least TTL leaves for a call that is no renewal.</summary>
    private static readonly TimeSpan ShortestCall = TimeSpan.FromMilliseconds(800);

    private static readonly TimeSpan OccupiedDelay = TimeSpan.FromSeconds(1);

    /// <summary>The least time between two writes: values may change all the time.</summary>
    private static readonly TimeSpan UpdateInterval = TimeSpan.FromMilliseconds(100);

    private readonly EtcdStore _store;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly TimeSpan _lookInterval;
    private readonly TimeSpan _callPatience;
    private readonly LeasedRecords _records;
    private readonly EtcdLease _lease;
    private readonly Channel<bool> _updated = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile TaskCompletionSource _round = NewRound();
    private Action<TimeSpan> _expect = static _ => { };
    private long? _writtenAt;
    private long? _lookedAt;
    private readonly Outage _interruption;
    private readonly Outage _refusals;
    private readonly LogLimit _losses;
    private volatile StoreOutage? _outage;
    private volatile bool _isRefused;
    private volatile bool _hasReached;

    /// <summary>Whether the lease was kept alive in this round, so that only new values are at stake.</summary>
    private bool _isKept;

    /// <param name="store">The connection.</param>
    /// <param name="ttl">The lease's time to live.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public LeaseKeeper(EtcdStore store, TimeSpan ttl, TimeProvider timeProvider, ILogger logger)
    {
        _store = store;
        _timeProvider = timeProvider;
        _logger = logger;
        _interruption = new Outage(timeProvider);
        _refusals = new Outage(timeProvider);
        _losses = new LogLimit(timeProvider);

        _lookInterval = ttl / 3;
        _lease = new EtcdLease(store, ttl, timeProvider, logger);

        // What else is asked of etcd leaves time for renewals over another connection.
        _callPatience = Between(ShortestCall, ttl * 2 / 5, EtcdStore.CallTimeout);
        _records = new LeasedRecords(store, _callPatience, () => _updated.Writer.TryWrite(true), timeProvider, logger);
    }

    /// <summary>Why etcd cannot be used; null when it can.</summary>
    public string? Outage => _outage?.Reason;

    /// <summary>Since when; null when it can be used.</summary>
    public DateTimeOffset? OutageSince => _outage?.Since;

    /// <summary>How many of the keys somebody else has.</summary>
    public int OccupiedCount => _records.OccupiedCount;

    /// <summary>The keys that somebody else has, in one line; null for none.</summary>
    public string? Occupied => _records.Occupied;

    /// <summary>The keys that etcd refuses, and why, in one line; null for none.</summary>
    public string? Refused => _records.Refused;

    /// <summary>Whether somebody else has all of them.</summary>
    public bool IsOccupied => _records.All(static record => record.IsOccupied);

    /// <summary>Whether the keys could not be withdrawn because etcd did not let it, not because it could not be told. Known when <see cref="RunAsync"/> has ended.</summary>
    public bool IsWithdrawalRefused { get; private set; }

    /// <summary>How long they live without being renewed.</summary>
    public TimeSpan Ttl => _lease.Ttl;

    /// <summary>Its keys, in a few words.</summary>
    public string Keys => _records.ToString();

    /// <summary>Those of them that could not be withdrawn, in one line.</summary>
    public string? LeftBehind { get; private set; }

    /// <summary>Whether etcd was ever reached.</summary>
    public bool HasReached => _hasReached;

    /// <summary>After failing for so long another connection is tried, so that there is time left to renew over it.</summary>
    public static TimeSpan SuspicionOf(TimeSpan ttl) => Between(TimeSpan.Zero, ttl / 5, EtcdStore.DefaultSuspicion);

    /// <summary>Adds a key. Only before <see cref="RunAsync"/>.</summary>
    /// <param name="key">The key, that of no other record here.</param>
    /// <param name="farewell">What is written before the key is deleted, null for nothing.</param>
    /// <param name="mayTakeOver">Whether a value found under the key, held by another lease, is ours from an earlier life.</param>
    /// <param name="takesBack">Whether it may be taken over from who took it from us too.</param>
    public LeasedRecord Add(string key, byte[]? farewell, Func<ReadOnlyMemory<byte>, bool> mayTakeOver, bool takesBack = false) =>
        _records.Add(key, farewell, mayTakeOver, takesBack);

    /// <summary>Holds the keys until cancelled, then withdraws them; false when they could not be withdrawn.</summary>
    /// <param name="expect">Told how long the next step takes at most, so that a loop that hangs is noticed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<bool> RunAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        _expect = expect;
        var faults = new LoopFaults($"the lease of {Keys}", _logger, _timeProvider);
        try
        {
            while (true)
            {
                try
                {
                    await RoundAsync(cancellationToken).ConfigureAwait(false);
                    faults.Succeeded();
                    await RestAsync(expect, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
                {
                    // The lease may be in order: it is looked what stands under the keys, and all else follows from that.
                    _lookedAt = null;
                    await Task.Delay(faults.Failed(exception), _timeProvider, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            expect(EtcdStore.CallTimeout * (6 + (6 * _records.Count / KeyTransactions.MostKeys)));
            var withdrawal = new LeaseWithdrawal(_store, _records, _lease, _timeProvider, _logger);
            var isWithdrawn = _lease.Id == 0 || await withdrawal.RunAsync().ConfigureAwait(false);
            IsWithdrawalRefused = withdrawal.IsRefused;
            LeftBehind = withdrawal.Left ?? Keys;
            return isWithdrawn;
        }
    }

    /// <summary>Waits until every key has a value and is held with it.</summary>
    public Task AnnouncedAsync(CancellationToken cancellationToken) => AllAsync(static record => record.IsWritten, cancellationToken);

    /// <summary>Waits until every value set before is in the store, keys that somebody else has apart, or it is known that it will not be.</summary>
    /// <returns>What became of it, and the newest revision of ours.</returns>
    public async Task<(Settlement Settlement, long Revision)> SettledAsync(CancellationToken cancellationToken)
    {
        await AllAsync(static record => record.IsSettled, cancellationToken, () => (_outage is not null && (_isRefused || !_hasReached)) || _records.Any(static record => record.IsRefused && record.IsHeld)).ConfigureAwait(false);
        return _records.WholeRefusal is null && _records.All(static record => record.IsSettled) ? (Settlement.Written, _records.Revision)
            : _hasReached ? (Settlement.Refused, 0)
            : (Settlement.NeverReached, 0);
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        var begun = _timeProvider.GetTimestamp();
        try
        {
            await HoldAsync(cancellationToken).ConfigureAwait(false);
            Recovered(begun);
        }
        catch (Exception exception) when (EtcdStore.IsOutage(exception, cancellationToken))
        {
            // gRPC says of a call that we gave up that it failed.
            cancellationToken.ThrowIfCancellationRequested();
            Interrupted(exception, begun);
        }

        Interlocked.Exchange(ref _round, NewRound()).TrySetResult();
    }

    private static TimeSpan Between(TimeSpan least, TimeSpan wanted, TimeSpan most) => wanted < least ? least : wanted > most ? most : wanted;

    private static TaskCompletionSource NewRound() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="condition">What all are to be.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isVain">Whether there is nothing to wait for; looked at after a round.</param>
    private async Task AllAsync(Predicate<LeasedRecord> condition, CancellationToken cancellationToken, Func<bool>? isVain = null)
    {
        while (true)
        {
            // In this order: what a round does after it was looked at ends the wait.
            var round = _round;
            if (_records.All(condition))
            {
                return;
            }

            await round.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (isVain?.Invoke() == true)
            {
                return;
            }
        }
    }

    private async Task HoldAsync(CancellationToken cancellationToken)
    {
        _isKept = false;
        ExpectCalls();
        if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            LoseLease();
        }

        if (_lease.IsOutdated)
        {
            await _lease.ReplaceAsync(_callPatience, RenewAsync, cancellationToken).ConfigureAwait(false);
            _records.LeaseReplaced();
        }

        if (_records.HasUnknown || IsDue(_lookedAt, LookInterval))
        {
            await _records.LookAsync(_lease.Id, RenewAsync, cancellationToken).ConfigureAwait(false);
            _lookedAt = _timeProvider.GetTimestamp();
        }

        _isKept = true;
        if (_records.HasDue)
        {
            await WriteAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_records.WholeRefusal is { } refusal)
        {
            // Where it takes none it cannot be used, as if it had refused this call too.
            throw refusal;
        }

        TellRefused();
    }

    /// <summary>Of keys that etcd refuses while it takes others.</summary>
    private void TellRefused()
    {
        if (_records.Refused is not { } refused)
        {
            if (_refusals.End() is { } lasted)
            {
                EtcdLog.KeysTaken(_logger, _store.Endpoints, Keys, lasted);
            }
        }
        else if (_refusals.Meet(refused) != OutageNews.None)
        {
            EtcdLog.KeysRefused(_logger, _store.Endpoints, refused, Consequence("the others are kept"));
        }
    }

    private string Consequence(string otherwise) => _records.Harmful is { } harmful
        ? $"{harmful} still says that its server is ready, which is to get no calls: it is up to Kamailio's own pings until etcd takes writes again"
        : otherwise;

    private TimeSpan LookInterval => _records.Any(static record => record.IsOccupied) ? OccupiedDelay : _lookInterval;

    /// <summary>A few calls, each within its timeout, until it is told again.</summary>
    private void ExpectCalls() => _expect(6 * EtcdStore.CallTimeout);

    /// <summary>Between calls of which there are as many as there are keys.</summary>
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        ExpectCalls();
        if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            // As a write under it would say.
            throw new RpcException(new Status(StatusCode.NotFound, "the lease has ended"));
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        // What is set from here on wakes the next round; what was set before is written now.
        _updated.Reader.TryRead(out _);
        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        _writtenAt = _timeProvider.GetTimestamp();
        await _records.WriteAsync(_lease.Id, RenewAsync, cancellationToken).ConfigureAwait(false);
    }

    private void Interrupted(Exception exception, long begun)
    {
        if (exception is RpcException { StatusCode: StatusCode.NotFound })
        {
            // A write under a lease that has ended: etcd is there.
            LoseLease();
            return;
        }

        _store.Failed(exception, begun);
        _isRefused = EtcdStore.IsRefusal(exception);
        var reason = EtcdStore.Describe(exception);

        // What etcd refuses somebody has to mend, so it is told though there was another outage before; how it cannot be reached changes all the time.
        switch (_interruption.Meet(EtcdStore.IsRefusal(exception) ? reason : string.Empty))
        {
            case not OutageNews.None when EtcdStore.IsRefusal(exception) && _isKept && _records.Any(static record => record.IsHeld):
                EtcdLog.WritesRefused(_logger, _store.Endpoints, reason, Keys, Consequence("what is new is written as soon as etcd takes it"));
                break;
            case OutageNews.Begins or OutageNews.Changes:
                EtcdLog.KeepAliveInterrupted(_logger, _store.Endpoints, Keys, reason);
                break;
            case OutageNews.Lasts:
                EtcdLog.KeepAliveStillInterrupted(_logger, _store.Endpoints, _interruption.Lasted, Keys, reason);
                break;
        }

        if (_outage is null || EtcdStore.IsRefusal(exception))
        {
            _outage = new StoreOutage(_interruption.Since ?? _timeProvider.GetUtcNow(), reason);
        }
    }

    private void Recovered(long begun)
    {
        _store.Succeeded(begun);
        _hasReached = true;
        _isRefused = false;
        _outage = null;
        if (_interruption.End() is { } lasted)
        {
            EtcdLog.KeepAliveResumed(_logger, Keys, lasted);
        }
    }

    private void LoseLease()
    {
        if (_losses.Allows())
        {
            EtcdLog.LeaseLost(_logger, Keys);
        }

        _lease.Forget();
        _records.LeaseEnded();
    }

    private bool IsDue(long? last, TimeSpan interval) => last is not { } then || _timeProvider.GetElapsedTime(then) >= interval;

    private TimeSpan Until(long? last, TimeSpan interval) =>
        last is { } then ? TimeSpan.FromTicks(Math.Max(0, (interval - _timeProvider.GetElapsedTime(then)).Ticks)) : interval;

    private async Task RestAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        if (_outage is not null)
        {
            await Task.Delay(EtcdStore.RetryPause, _timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_records.HasUnknown || _records.HasDue)
        {
            // Lost or changed a moment ago: again at once.
            await SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var renewal = _lease.Id != 0 ? _lease.UntilRenewal : _lookInterval;
        var look = Until(_lookedAt, LookInterval);
        var rest = renewal < look ? renewal : look;
        rest = _records.UntilRetry is { } retry && retry < rest ? retry : rest;
        expect(rest);
        using var resting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updated = _updated.Reader.ReadAsync(resting.Token).AsTask();
        await Task.WhenAny(updated, Task.Delay(rest, _timeProvider, resting.Token)).ConfigureAwait(false);
        await resting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        await SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
    }

    private Task SpaceWritesAsync(CancellationToken cancellationToken) =>
        _writtenAt is null ? Task.CompletedTask : Task.Delay(Until(_writtenAt, UpdateInterval), _timeProvider, cancellationToken);
}

/// <summary>What became of values that were to be written.</summary>
internal enum Settlement
{
    /// <summary>All are in the store, but for keys that somebody else has.</summary>
    Written,

    /// <summary>etcd answers, and takes no writes.</summary>
    Refused,

    /// <summary>etcd was never reached.</summary>
    NeverReached,
}
