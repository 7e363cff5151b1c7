using System.Collections.Immutable;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Format;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Writes a proxy's status under <c>proxies/&lt;proxy&gt;</c>, under a lease: the key is there as long as the daemon lives.</summary>
/// <remarks><see cref="ProxyRecord"/> reads it.</remarks>
internal sealed class ProxyReport : IProxyReport
{
    /// <summary>Until it is checked again whether another proxy's having the name is still to be told.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly LeaseKeeper _keeper;
    private readonly LeasedRecord _record;
    private readonly ProxyName _name;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _writing = new();
    private ProxyStatus? _status;
    private ProxyTrouble? _clash;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="store">The connection.</param>
    /// <param name="keys">Where the cluster's records are.</param>
    /// <param name="proxy">The proxy's name.</param>
    /// <param name="identity">Which Kamailio it is, as far as that is known by now.</param>
    /// <param name="ttl">How long the report outlives the daemon.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log.</param>
    public ProxyReport(EtcdConnection store, EtcdKeys keys, string proxy, Func<ProxyIdentity> identity, TimeSpan ttl, TimeProvider timeProvider, ILogger<ProxyReport> logger)
    {
        _timeProvider = timeProvider;
        _name = new ProxyName(proxy, identity, ttl, timeProvider, logger);
        _keeper = new LeaseKeeper(store, ttl, timeProvider, logger);
        _record = _keeper.Add(keys.Proxy(proxy), farewell: null, MayTakeOver, takesBack: true);
    }

    /// <summary>The sets that the proxy serves; empty for all.</summary>
    public ImmutableArray<int> Serves { get; init; } = [];

    /// <inheritdoc cref="LeaseKeeper.LeaseAge"/>
    public TimeSpan? LeaseAge => _keeper.LeaseAge;

    public void Report(ProxyStatus status)
    {
        if (_record.IsHeld)
        {
            _name.Held();
        }

        lock (_writing)
        {
            _status = status;
            Update();
        }

        _first.TrySetResult();
    }

    /// <summary>Keeps the status in the store from the first report on, until cancelled.</summary>
    /// <param name="expect">Told how long the next step takes at most, so that a loop that hangs is noticed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ProxyNameTakenException">Another proxy has the name, and this one has just been started.</exception>
    public async Task RunAsync(Action<TimeSpan> expect, CancellationToken cancellationToken)
    {
        await _first.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [_keeper.RunAsync(expect, life.Token), WatchNameAsync(life.Token), _name.Taken];
        try
        {
            await await Task.WhenAny(parts).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            await parts[0].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await parts[1].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Tells of another proxy with the name, for as long as it was seen lately.</summary>
    private async Task WatchNameAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_record.IsHeld)
            {
                _name.Held();
            }

            SignAnew();
            await Task.Delay(CheckInterval, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What is written over another proxy's report says so from its first moment: that it has silenced anybody would be taken for both.</summary>
    private bool MayTakeOver(ReadOnlyMemory<byte> found)
    {
        var mayTakeOver = _name.MayTakeOver(found);
        SignAnew();
        return mayTakeOver;
    }

    private void SignAnew()
    {
        lock (_writing)
        {
            if (_status is not null && _clash != _name.Clash)
            {
                Update();
            }
        }
    }

    private void Update()
    {
        _clash = _name.Clash;
        _record.Update(Write(Signed(_status! with { Serves = Serves }, _name.Identity, _clash)));
    }

    /// <summary>Of two proxies with one name nobody can tell which one has silenced whom: nothing is acknowledged then.</summary>
    internal static ProxyStatus Signed(ProxyStatus status, ProxyIdentity identity, ProxyTrouble? clash) => clash is null
        ? status with { Identity = identity }
        : status with { Identity = identity, Silenced = 0, Intents = status.Intents is null ? null : new IntentsProgress(0, 0), Splits = status.Splits is null ? null : new SplitsProgress(0), Intent = status.Intent is { } intent ? intent with { Revision = 0 } : null, Troubles = [clash, .. status.Troubles] };

    internal static byte[] Write(ProxyStatus status) => ReportWriter.Write(status);
}
