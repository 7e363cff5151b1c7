using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Dialogs;
using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Dispatch.Logs;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Operators;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Push.Shares;
using KamRpcDispatcher.Telemetry;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch;

/// <summary>The dispatcher: puts the parts together and runs them until cancelled.</summary>
public sealed class DispatcherDaemon(DispatcherOptions options, IServiceState service, TimeProvider timeProvider, ILoggerFactory logs) : IDisposable
{
    private readonly GraceFigures _graceFigures = new();
    private readonly DispatcherTelemetry _telemetry = new(options.Cluster, timeProvider);
    private readonly Heartbeat _heartbeat = new(timeProvider);
    private readonly Heartbeat _reportHeartbeat = new(timeProvider);
    private readonly ILogger _logger = logs.CreateLogger<DispatcherDaemon>();
    private readonly LoopFaults _watcherFaults = new("what follows a new socket of Kamailio's", logs.CreateLogger<DispatcherDaemon>());

    private readonly TaskCompletionSource<OnceResult> _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile EtcdConnection? _store;
    private volatile AskedStatus? _asked;

    /// <summary>As a report tells it.</summary>
    private static string Version => typeof(DispatcherDaemon).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "unknown";

    /// <summary>What the first cycle left in which nothing was to be done, by the membership that its sources tell.</summary>
    public Task<OnceResult> Settled => _settled.Task;

    /// <summary>Examines Kamailio's configuration after each of its starts, and says whether it could be asked; null for nobody.</summary>
    public Func<CancellationToken, Task<bool>>? Examine { get; init; }

    /// <summary>Whether every loop still comes round.</summary>
    public bool IsResponsive => !_heartbeat.IsOverdue && !_reportHeartbeat.IsOverdue;

    /// <summary>What it tells monitors. Nobody is asked for what is read there, neither Kamailio nor etcd.</summary>
    public Meter Meter => _telemetry.Meter;

    /// <summary>What it would answer now whoever asks it on its machine; null before it runs.</summary>
    public StatusAnswer? Status => _asked?.Read();

    /// <summary>Whether an address is a member of a set that gets calls, by what was read last.</summary>
    /// <param name="set">The set.</param>
    /// <param name="address">An IP address, a host name, either with a port, or a SIP URI.</param>
    public AddressCheck Check(int set, string address) => _telemetry.Check(set, address);

    /// <summary>What goes on in it, for whoever shows it.</summary>
    public LiveView Live => _telemetry.Live;

    /// <summary>Ends its meter.</summary>
    public void Dispose() => _telemetry.Dispose();

    /// <summary>Reads certificates and passwords again now, which else is done for each new connection.</summary>
    public void ReadFilesAgain() => _ = _store?.ReadFilesAgainAsync(new EtcdKeys(options.Cluster).Members);

    /// <summary>
    /// Runs until cancelled, through whatever is unexpected. Kamailio's list stays as it is afterwards: a daemon that stops takes no calls from
    /// anybody.
    /// </summary>
    /// <exception cref="ProxyTakenException">Another daemon serves this Kamailio.</exception>
    /// <exception cref="ProxyNameTakenException">Another Kamailio's daemon has the proxy's name.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var store = options.UsesEtcd ? new EtcdConnection(options.Etcd, timeProvider, logs.CreateLogger<EtcdConnection>()) : null;
        _store = store;
        var keys = new EtcdKeys(options.Cluster);
        await using var client = new RpcClient(options.Kamailio, options.Rpc);
        var contact = new ContactWatch(timeProvider);
        var watched = new ContactClient(client, contact);
        await using var given = options.KamailioRead.Address is { } read ? new RpcClient(read, options.Rpc) : null;
        var loop = new LoopWatch(options.LongestCall, timeProvider);
        var calls = new HeartbeatClient(watched, _heartbeat, options.LongestStep, loop, options.LongestCall);
        await using var found = new FoundReadWay(calls, options.Rpc, timeProvider, logs.CreateLogger<FoundReadWay>());
        IReadWay readWay = options.KamailioRead.IsAuto ? found : new GivenReadWay(given is null ? null : new HeartbeatClient(given, _heartbeat, options.LongestStep, loop, options.LongestCall));
        var lists = new ListReader(calls, readWay);
        var dispatcher = new MeteredDispatcher(new KamailioDispatcher(calls, lists), _telemetry.Pushes, _telemetry.Latency, timeProvider);
        var quarantine = new Quarantine(timeProvider);
        var holder = $"{options.Proxy} (PID {Environment.ProcessId}) on host {Environment.MachineName} for cluster {options.Cluster}, over {options.Kamailio}";
        using var proxyLock = new ProxyLock(ProxyLock.PathFor(options.Kamailio), holder, logs.CreateLogger<ProxyLock>(), options.Kamailio.Path);
        proxyLock.Ensure();
        var claimLog = logs.CreateLogger<KamailioClaim>();
        var identityLock = new IdentityLock(watched.ListProcessesAsync, ProcessIdentity.Check, holder, IdentityLock.CommonDirectory, timeProvider, claimLog);
        ProxyIdentity Identity() => ProxyIdentity.Here(options.Kamailio.ToString(), identityLock.Process);
        ImmutableArray<int> serves = options.Sets is { } sets ? [.. sets.Order()] : [];
        var report = store is null ? null : new ProxyReport(store, keys, options.Proxy, Identity, options.ReportTtl, timeProvider, logs.CreateLogger<ProxyReport>()) { Serves = serves };
        using var followed = new FollowedMembership(store, keys, options, timeProvider, logs);
        var own = new FollowedProxyIntent(() => followed.Intents, options.Proxy, logs.CreateLogger<FollowedProxyIntent>());
        var counter = new CallCounter(new CallTable(watched), options.Share, timeProvider, logs.CreateLogger<CallCounter>(), _telemetry.Live.Calls.Add);
        var dialogs = new DialogCounter(watched, timeProvider);
        var awaited = store is null ? null : new AwaitedRevisions(store, keys, timeProvider, logs.CreateLogger<AwaitedRevisions>());
        var paced = new PacedReport(
            report is null ? new NoReport() : report, contact, loop, () => !_heartbeat.IsOverdue, Version, timeProvider, own.Read, status => status with { Shares = counter.Report, Dialogs = dialogs.Report, List = lists.Size is { } list ? new ListRoom(list.Destinations, list.Bytes, list.Most) : null, Sources = followed.Reported }, awaited is null ? null : awaited.IsAwaited);
        await using var claim = new KamailioClaim(watched, identityLock, holder, timeProvider, claimLog);
        ReconcileLog.Remarks(_logger, options);
        var gracePeriod = WatchedGrace.For(options, client, loop, _graceFigures, timeProvider, logs);
        var wake = new WakeSignal();
        using var watcher = options.Kamailio.Path is not { } path ? null : new SocketWatcher(path, () =>
        {
            client.AbortConnections();
            readWay.Forget();
            wake.Raise();
        },
        exception => _watcherFaults.Failed(exception));
        var progress = new DispatcherProgress(service, timeProvider, () => followed.Away, followed.Name);
        // Not by the loop's own way, on which each call is a sign of its life.
        var sentinel = new SentinelWatch(new KamailioDispatcher(watched), options.Reconciler.SentinelInterval, timeProvider);
        var names = new NameLookup(Dns.GetHostAddresses, calls.ResolvesAsync, timeProvider);
        var ownAddresses = options.Kamailio.Path is null ? null : new HostAddresses(timeProvider);
        IChangeGuard[] guards =
        [
            new MemoryGuard(calls, options.MemoryFloor, timeProvider),
            new RoomGuard(lists),
            new AdditionGuard(calls, names, ownAddresses is null ? IPAddress.IsLoopback : ownAddresses.Has, logs.CreateLogger<AdditionGuard>()) { WhyUnfit = ownAddresses is null ? AddressFitness.WhyUnfit : ownAddresses.WhyUnfit },
            new ForeignGuard(names, options.Cluster, timeProvider, logs.CreateLogger<ForeignGuard>()),
        ];
        var policy = options.Policy;
        var owed = new OwedStates(timeProvider);
        var routing = new RoutingLog(policy, timeProvider, logs.CreateLogger<RoutingLog>());
        var examination = Examine is null ? null : new Examination(Examine, timeProvider);
        var foreignLog = logs.CreateLogger<ForeignMemory>();
        var foreignFile = options.StateDirectory is { } state ? new ForeignFile(Path.Combine(Path.GetFullPath(state), $"foreign-{options.Cluster}-{options.Proxy}.json"), foreignLog) : null;
        var foreign = new ForeignMemory(options.Cluster, names.Known, timeProvider, foreignLog, foreignFile);
        var bootList = options.BootList?.Keeper(options.Cluster, watched, timeProvider, logs);
        var bulk = bootList is null ? null : options.BootList!.Reload(bootList, options.Cluster, dispatcher, lists, guards, () => !foreign.Losses.IsEmpty, timeProvider, logs);
        var numbering = store is null ? null : new ClassNumbering(store, keys, timeProvider, logs.CreateLogger<ClassNumbering>());
        var reconciler = new Reconciler(
            _telemetry.Latency.Of(followed.Source),
            dispatcher,
            new PlanExecutor(dispatcher, gracePeriod, quarantine, guards, logs.CreateLogger<PlanExecutor>(), claim, timeProvider, bulk),
            quarantine,
            policy,
            new CycleLog(paced, quarantine, () => _graceFigures.Read(gracePeriod.Mode), timeProvider, logs.CreateLogger<CycleLog>(), progress, followed.Name),
            options.Reconciler,
            sentinel,
            () =>
            {
                loop.Works();
                proxyLock.Ensure();
                watcher?.Ensure();
            },
            timeProvider,
            foreign,
            rest =>
            {
                _heartbeat.Expect(rest);
                loop.Enter(LoopStep.Rest, rest);
            },
            claim,
            cycle =>
            {
                bootList?.Observe(cycle.Table);
                dialogs.Follow(cycle.Membership, cycle.Table);
                routing.Observe(cycle);
                owed.Observe(cycle);
                examination?.Observe(cycle.Table.Instance);
                _telemetry.Observe(cycle, foreign.Losses.Length);
                if (OnceResult.Of(cycle) is { } result)
                {
                    _settled.TrySetResult(result);
                }
            },
            contact,
            new ListedBefore(policy, followed.SeedListed),
            new ShareKeeper(new ShareTable(calls), policy, options.Share, numbering is null ? followed.Numbers!.Ask : numbering.Ask, timeProvider, logs.CreateLogger<ShareKeeper>(), counter.Follow, options.Zone),
            wake,
            follows: revision => _telemetry.Latency.Planned(revision, isInForce: false));

        _graceFigures.Observer = _telemetry.Pushes.GraceEnded;
        _telemetry.Begin(new TelemetrySources
        {
            Status = paced.Read,
            Membership = () => followed.Source.Current,
            Away = () => followed.EtcdAway,
            StoreHeard = () => followed.EtcdHeardAgo,
            UsesEtcd = store is not null,
            Origins = () => followed.Origins,
            KamailioAnswered = () => contact.AnsweredAgo,
            LeaseAge = () => report?.LeaseAge,
            Grace = () => _graceFigures.Read(gracePeriod.Mode),
        });
        var asked = _asked = new AskedStatus(options.Cluster, options.Proxy, paced.Read, status => status with { Serves = serves, Identity = Identity() }, owed, () => followed.EtcdAway);
        var sockets = new LocalSockets(options, timeProvider, logs);
        var (local, whole) = (sockets.OfStatus(asked), sockets.OfWhole(asked, followed));
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var stopping = cancellationToken.UnsafeRegister(static told => ((DispatcherProgress)told!).Stopping(), progress);
        _heartbeat.Expect(options.LongestStep);
        var telling = progress.TellReadyAsync(life.Token);
        Task[] parts =
        [
            reconciler.RunAsync(life.Token),
            .. report is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("the report", token => report.RunAsync(_reportHeartbeat.Expect, token), timeProvider, _logger, life.Token)],
            .. awaited is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("what is waited for", token => awaited.RunAsync(paced.Heed, token), timeProvider, _logger, life.Token)],
            BackgroundLoop.RunAsync("the rhythm of the report", paced.RunAsync, timeProvider, _logger, life.Token),
            .. numbering is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("the numbers of classes", numbering.RunAsync, timeProvider, _logger, life.Token)],
            BackgroundLoop.RunAsync("the counts of calls", counter.RunAsync, timeProvider, _logger, life.Token), BackgroundLoop.RunAsync("the counts of dialogs", dialogs.RunAsync, timeProvider, _logger, life.Token),
            BackgroundLoop.RunAsync("the sign of life", claim.RunAsync, timeProvider, _logger, life.Token),
            BackgroundLoop.RunAsync("what is answered on this machine", local.RunAsync, timeProvider, _logger, life.Token),
            .. whole is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("what is answered in etcd's place", whole.RunAsync, timeProvider, _logger, life.Token)],
            .. bootList is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("the list for starts of Kamailio", bootList.RunAsync, timeProvider, _logger, life.Token)],
            .. examination is null ? Array.Empty<Task>() : [BackgroundLoop.RunAsync("the look at Kamailio's configuration", examination.RunAsync, timeProvider, _logger, life.Token)],
        ];
        try
        {
            // Only that another daemon serves this Kamailio, or has the proxy's name, ends one of them.
            await await Task.WhenAny(options.Reconciler.IsOnce ? [.. parts, _settled.Task] : parts).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var part in parts.Append(telling))
            {
                await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            foreign.Stop();
        }
    }
}
