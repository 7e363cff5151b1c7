using System.Diagnostics.Metrics;
using KamailioRpc;
using KamRpcDispatcher.Announce.Calls;
using KamRpcDispatcher.Announce.Handover;
using KamRpcDispatcher.Announce.Idle;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Telemetry;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Announce;

/// <summary>The announcer: keeps its members in the store as they are, and leaves in order.</summary>
public sealed class AnnouncerDaemon : IAsyncDisposable
{
    /// <summary>How long etcd may take until the announcer counts as running without it.</summary>
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(10);

    /// <summary>How soon it is told what is not a change of a server: an outage, a name that somebody else has.</summary>
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(2);

    private readonly AnnouncerOptions _options;
    private readonly IServiceState _service;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EtcdConnection _store;
    private readonly EtcdKeys _keys;
    private readonly LeaseKeeper _keeper;
    private readonly AsteriskMonitor? _asterisk;
    private readonly MaintenanceSwitch? _maintenance;
    private readonly List<HealthMonitor> _servers = [];
    private readonly List<(MemberKey Key, LeasedRecord Record)> _members = [];
    private readonly Heartbeat _heartbeat;
    private readonly FormerMembers _former;
    private readonly AnnouncerMetrics _metrics;
    private readonly AnnouncerStanding _standing;
    private string? _status;

    public AnnouncerDaemon(AnnouncerOptions options, IServiceState service, TimeProvider timeProvider, ILoggerFactory logs)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _service = service;
        _timeProvider = timeProvider;
        _logger = logs.CreateLogger<AnnouncerDaemon>();
        _store = new EtcdConnection(options.Etcd, timeProvider, logs.CreateLogger<EtcdConnection>()) { Suspicion = LeaseKeeper.SuspicionOf(options.Ttl) };
        _keys = new EtcdKeys(options.Cluster);
        _keeper = new LeaseKeeper(_store, options.Ttl, timeProvider, _logger);
        _heartbeat = new Heartbeat(timeProvider);
        var handed = HandoverText.Read(options.HandedOver, _logger);
        _asterisk = options.Asterisk is { } access
            ? new AsteriskMonitor(access.Address, access.Credentials, access.Maintenance, timeProvider, logs.CreateLogger<AsteriskMonitor>()) { IsInMaintenance = handed?.IsInMaintenance == true }
            : null;
        _maintenance = _asterisk is not null && options.Asterisk?.Maintenance is not null ? new MaintenanceSwitch(_asterisk) { IsOurs = handed?.IsMaintenanceOurs == true } : null;
        _standing = new AnnouncerStanding(_keeper, _servers, options.Servers);
        _metrics = new AnnouncerMetrics(
            new AnnouncerSources { Members = () => _standing.States, Occupied = () => _keeper.OccupiedCount, IsStoreReachable = () => _keeper is { Outage: null, HasReached: true }, LeaseAge = () => _keeper.LeaseAge }, timeProvider);
        var unknowns = new LogLimit(timeProvider);
        foreach (var server in options.Servers)
        {
            LeasedRecord[] records = [.. server.Members.Select(Record)];
            _members.AddRange(server.Members.Select(static member => member.Key).Zip(records));
            var metered = server with { Probe = server.Probe is { } probe ? _metrics.Metered(probe) : null };
            _servers.Add(new HealthMonitor(metered, records, options, TellStatus, unknowns, timeProvider, _logger));
        }

        _former = Adopt(handed);
    }

    /// <summary>Whether every loop still comes round.</summary>
    public bool IsResponsive => !_heartbeat.IsOverdue && !_servers.Exists(static server => server.Heartbeat.IsOverdue);

    /// <summary>What it tells monitors.</summary>
    public Meter Meter => _metrics.Meter;

    /// <summary>Why what it announces does not get calls, in one line; null where all of it is announced as ready.</summary>
    public string? WhyNotReady => _standing.WhyNotReady;

    /// <summary>Reads certificates, passwords and secrets again now, which else is done for each new connection.</summary>
    public void ReadFilesAgain()
    {
        _ = _store.ReadFilesAgainAsync(_keys.Member(_options.Servers[0].Members[0].Key));
        _asterisk?.TryAgainNow();
    }

    /// <summary>
    /// Stands still for a moment, between two renewals of its lease, in which another program may take this one's place in its process. That one finds what it is given here in
    /// <see cref="AnnouncerOptions.HandedOver"/>, and goes on with it: no member leaves. This one goes on when <paramref name="take"/> returns.
    /// </summary>
    public Task HandOverAsync(Action<ReadOnlyMemory<byte>> take, CancellationToken cancellationToken) => _keeper.Handover.HandOverAsync(
        lease => take(HandoverText.Write(new HandedOver(
            _options.Cluster,
            lease with { Keys = [.. lease.Keys, .. _former.Left] },
            [.. _servers.Select(static server => server.Health).OfType<HandedServer>()],
            _asterisk?.IsInMaintenance == true,
            _maintenance?.IsOurs == true))),
        cancellationToken);

    /// <summary>Announces until stopped, then leaves.</summary>
    /// <param name="stop">Leaves in order.</param>
    /// <param name="hurry">Leaves at once, when it is already leaving.</param>
    /// <returns>Whether the members are out of service by its end.</returns>
    public async Task<AnnouncementEnd> RunAsync(CancellationToken stop, CancellationToken hurry)
    {
        using var life = new CancellationTokenSource();
        using var keeping = CancellationTokenSource.CreateLinkedTokenSource(life.Token);
        var holding = _keeper.RunAsync(_heartbeat.Expect, keeping.Token);
        List<Task> parts = [holding, .. _servers.Select(server => server.RunAsync(life.Token))];
        var otherNames = new OtherNames(_store, _keys, [.. _options.Servers.SelectMany(static server => server.Members)], NameResolver.Shared.AskAsync, _timeProvider);
        if (_asterisk is not null)
        {
            parts.Add(BackgroundLoop.RunAsync("the watch over AMI", new AsteriskWatch(_asterisk, _servers).RunAsync, _timeProvider, _logger, life.Token));
            parts.Add(BackgroundLoop.RunAsync("the count of calls", new DrainedCalls(_store, _keys, _members, _asterisk, _maintenance, IsSharedAsync, _options.Ttl, _timeProvider, _logger).RunAsync, _timeProvider, _logger, life.Token));
        }

        var hasWithdrawnEarly = false;
        var stopped = Task.Delay(Timeout.InfiniteTimeSpan, _timeProvider, stop);
        var telling = TellAsync(stop);
        var withdrawing = _former.RunAsync(life.Token);
        var checking = new OtherSets(_store, _keys, _options.Servers.SelectMany(static server => server.Members), _logger).TellAsync(life.Token);
        try
        {
            var ended = await Task.WhenAny([stopped, .. parts]).ConfigureAwait(false);
            if (ended != stopped)
            {
                // None ends by itself, unless it is broken.
                await ended.ConfigureAwait(false);
            }

            var idle = _options.Idle ?? (_asterisk is null ? null : new AsteriskIdle(_asterisk));
            await new GracefulShutdown(_servers, _keeper, WithdrawAsync, new Acknowledgements(_store, _keys, _timeProvider), otherNames, idle, _maintenance, _options, _service, _timeProvider, _logger).RunAsync(hurry).ConfigureAwait(false);
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var part in parts.Append(telling).Append(checking).Append(withdrawing))
            {
                await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        var isWithdrawn = await holding.ConfigureAwait(false);
        if (!isWithdrawn && hasWithdrawnEarly)
        {
            // What was told of that is not the last thing that was told.
            AnnounceLog.LeftBehind(_logger, _keeper.LeftBehind ?? _keeper.Keys, _keeper.Ttl);
        }

        return _keeper.IsWithdrawalRefused ? AnnouncementEnd.Refused
            : !isWithdrawn || !(_keeper.HasReached || _keeper.Handover.HasAdopted) ? AnnouncementEnd.NotTold
            : _keeper.OccupiedCount > 0 ? AnnouncementEnd.NotOurs
            : AnnouncementEnd.Withdrawn;

        async Task<bool> IsSharedAsync(CancellationToken cancellationToken) => (await otherNames.FindAsync(cancellationToken).ConfigureAwait(false)).Count > 0;

        async Task WithdrawAsync()
        {
            hasWithdrawnEarly = true;
            await keeping.CancelAsync().ConfigureAwait(false);
            await holding.ConfigureAwait(false);

            // Calls may take hours to end.
            _heartbeat.End();
        }
    }

    /// <summary>Closes the connections, those of the probes too.</summary>
    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        _store.Dispose();
        _maintenance?.Dispose();
        _servers.ForEach(static server => server.Dispose());
        foreach (var probe in _options.Servers.Select(static server => server.Probe).OfType<IProbe>())
        {
            await probe.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The same URI under the same name is this server before a restart; another URI is another server.</summary>
    private LeasedRecord Record(Member member) => _keeper.Add(
        _keys.Member(member.Key),
        MemberRecord.Write(member with { State = MemberState.Down, Reason = MemberRecord.WithdrawnReason }),
        value => MemberRecord.TryRead(member.Key, value, out var found, out _) && found.Uri.Equals(member.Uri));

    /// <summary>Goes on with what is of these members, also where one has another address by now, since it is this announcer's.</summary>
    /// <returns>The others.</returns>
    private FormerMembers Adopt(HandedOver? handed)
    {
        IReadOnlyList<HeldKey> former = [];
        if (handed is not null)
        {
            var names = _members.Select(static member => member.Record.Name).ToHashSet();
            former = [.. handed.Lease.Keys.Where(key => !names.Contains(key.Name))];
            _keeper.Handover.Adopt(handed.Lease);
            for (var index = 0; index < _servers.Count; index++)
            {
                _servers[index].Adopt(_options.Servers[index].Members.Select(handed.HealthOf).FirstOrDefault(static health => health is not null));
            }
        }

        return new FormerMembers(_store, _keeper, new EtcdKeys(handed?.Cluster ?? _options.Cluster), former, _options.AcknowledgeTimeout, _timeProvider, _logger);
    }

    private async Task TellAsync(CancellationToken stop)
    {
        try
        {
            await _keeper.AnnouncedAsync(stop).WaitAsync(ReadyPatience, _timeProvider, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It runs, and tries on: to be started anew would not help it.
        }

        _service.Ready();
        while (true)
        {
            TellStatus();
            await Task.Delay(StatusInterval, _timeProvider, stop).ConfigureAwait(false);
        }
    }

    private void TellStatus()
    {
        var status = _standing.Text;
        if (Interlocked.Exchange(ref _status, status) != status)
        {
            _service.Status(status);
        }
    }
}
