using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Leases;

/// <summary>Keys of ours, held under one lease: written, kept alive, written again whenever they were lost, withdrawn at the end.</summary>
internal sealed class LeaseKeeper
{
    /// <summary>What the least TTL leaves for a call that is no renewal.</summary>
    private static readonly TimeSpan ShortestCall = TimeSpan.FromMilliseconds(800);

    private readonly EtcdConnection _store;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly LeasePace _pace;
    private readonly TimeSpan _callPatience;
    private readonly LeasedRecords _records;
    private readonly EtcdLease _lease;
    private readonly LeaseRenewal _renewal;
    private Action<TimeSpan> _expect = static _ => { };
    private readonly LogLimit _losses;
    private readonly LeaseOutage _outage;
    private readonly SettlementWait _settlement;
    /// <summary>Whether the lease was kept alive in this round, so that only new values are at stake.</summary>
    private bool _isKept;

    /// <param name="store">The connection.</param>
    /// <param name="ttl">The lease's time to live.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public LeaseKeeper(EtcdConnection store, TimeSpan ttl, TimeProvider timeProvider, ILogger logger)
    {
        _store = store;
        _timeProvider = timeProvider;
        _logger = logger;
        _losses = new LogLimit(timeProvider);
        _pace = new LeasePace(ttl / 3, timeProvider);
        _lease = new EtcdLease(store, ttl, timeProvider, logger);
        _renewal = new LeaseRenewal(_lease, ExpectCalls, timeProvider);

        // What else is asked of etcd is given up soon enough to be asked again over another connection.
        _callPatience = TimeSpan.FromTicks(Math.Clamp((ttl * 2 / 5).Ticks, ShortestCall.Ticks, EtcdCall.Timeout.Ticks));
        _records = new LeasedRecords(store, _callPatience, _pace.Wake, timeProvider, logger);
        _outage = new LeaseOutage(store, _records, timeProvider, logger);
        _settlement = new SettlementWait(_records, _outage);
        Handover = new LeaseHandover(_lease, _records, _pace.Wake, timeProvider, logger);
    }

    /// <summary>Why etcd cannot be used; null when it can.</summary>
    public string? Outage => _outage.Current?.Reason;

    /// <summary>Since when; null when it can be used.</summary>
    public DateTimeOffset? OutageSince => _outage.Current?.Since;

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

    /// <inheritdoc cref="EtcdLease.Age"/>
    public TimeSpan? LeaseAge => _lease.Age;

    /// <summary>Its keys, in a few words.</summary>
    public string Keys => _records.ToString();

    /// <summary>Those of them that could not be withdrawn, in one line.</summary>
    public string? LeftBehind { get; private set; }

    /// <summary>Whether etcd was ever reached.</summary>
    public bool HasReached => _outage.HasReached;

    /// <summary>After failing for so long another connection is tried, so that there is time left to renew over it.</summary>
    public static TimeSpan SuspicionOf(TimeSpan ttl) => ttl / 5 < EtcdConnection.DefaultSuspicion ? ttl / 5 : EtcdConnection.DefaultSuspicion;

    /// <summary>Gives it to the next program, or takes it from the one before; the latter only before <see cref="RunAsync"/>.</summary>
    public LeaseHandover Handover { get; }

    /// <summary>Adds a key. Only before <see cref="RunAsync"/>.</summary>
    /// <inheritdoc cref="LeasedRecords.Add"/>
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
                    await Handover.ServeAsync(cancellationToken).ConfigureAwait(false);
                    await RestAsync(expect, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception exception) when (LoopFaults.IsUnexpected(exception, cancellationToken))
                {
                    // The lease may be in order: what stands under the keys is read, and all else follows from that.
                    _pace.ForgetReading();
                    await Task.Delay(faults.Failed(exception), _timeProvider, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            expect(EtcdCall.Timeout * (6 + (6 * _records.Count / KeyTransactions.MostKeys)));
            var withdrawal = new LeaseWithdrawal(_store, _records, _lease, _timeProvider, _logger);
            var isWithdrawn = _lease.Id == 0 || await withdrawal.RunAsync().ConfigureAwait(false);
            IsWithdrawalRefused = withdrawal.IsRefused;
            LeftBehind = withdrawal.Left ?? Keys;
            return isWithdrawn;
        }
    }

    /// <summary>Waits until every key has a value and is held with it.</summary>
    public Task AnnouncedAsync(CancellationToken cancellationToken) => _settlement.AnnouncedAsync(cancellationToken);

    /// <summary>Waits until every value set before is in the store, keys that somebody else has apart, or it is known that it will not be.</summary>
    /// <returns>What became of it, and the newest revision of ours.</returns>
    public Task<(Settlement Settlement, long Revision)> SettledAsync(CancellationToken cancellationToken) => _settlement.SettledAsync(cancellationToken);

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        var begun = _timeProvider.GetTimestamp();
        try
        {
            await HoldAsync(cancellationToken).ConfigureAwait(false);
            _store.Succeeded(begun);
            _outage.End();
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            // gRPC says of a call that we gave up that it failed.
            cancellationToken.ThrowIfCancellationRequested();
            if (exception is RpcException { StatusCode: StatusCode.NotFound })
            {
                // A write under a lease that has ended: etcd is there.
                LoseLease();
            }
            else
            {
                _store.Failed(exception, begun);
                _outage.Meet(exception, _isKept);
            }
        }

        _settlement.RoundDone();
    }

    private async Task HoldAsync(CancellationToken cancellationToken)
    {
        _isKept = false;
        ExpectCalls();
        if (!await _lease.KeepAliveAsync(cancellationToken).ConfigureAwait(false))
        {
            LoseLease();
        }

        Handover.Renewed();
        if (_lease.IsOutdated)
        {
            await _lease.ReplaceAsync(_callPatience, _renewal, cancellationToken).ConfigureAwait(false);
            _records.LeaseReplaced();
        }

        if (_records.HasUnknown || _pace.IsReadDue(OccupiedCount > 0))
        {
            await _records.ReadAsync(_lease.Id, _renewal, cancellationToken).ConfigureAwait(false);
            _pace.HaveRead();
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

        _outage.TellRefused();
    }

    /// <summary>A few calls, each within its timeout, until it is told again.</summary>
    private void ExpectCalls() => _expect(6 * EtcdCall.Timeout);

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        _pace.BeginWriting();
        await _lease.EnsureAsync(cancellationToken).ConfigureAwait(false);
        _pace.HaveWritten();
        await _records.WriteAsync(_lease.Id, _renewal, cancellationToken).ConfigureAwait(false);
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

    private async Task RestAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        if (_outage.Current is not null)
        {
            await Task.Delay(_lease.RetryPause, _timeProvider, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (_records.HasUnknown || _records.HasDue)
        {
            // Lost or changed a moment ago: again at once.
            await _pace.SpaceWritesAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var renewal = _lease.Id != 0 ? _lease.UntilRenewal : _pace.Interval;
        var read = _pace.UntilRead(OccupiedCount > 0);
        var rest = ((TimeSpan[])[renewal, read, _records.UntilRetry ?? read]).Min();
        expect(rest);
        await _pace.RestAsync(rest, cancellationToken).ConfigureAwait(false);
    }
}
