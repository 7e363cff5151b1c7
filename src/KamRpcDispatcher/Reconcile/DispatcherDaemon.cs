using System.Net;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Reconcile;

/// <summary>The dispatcher: puts the parts together and runs them until cancelled.</summary>
public sealed class DispatcherDaemon(DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
{
    private readonly GraceFigures _graceFigures = new();

    /// <exception cref="ProxyTakenException">Another daemon serves this Kamailio.</exception>
    /// <summary>Runs until cancelled. Kamailio's list stays as it is afterwards: a daemon that stops takes no calls from anybody.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdStore(options.Etcd, timeProvider, logs.CreateLogger<EtcdStore>());
        var keys = new EtcdKeys(options.Cluster);
        var report = new ProxyReport(store, keys, options.Proxy, options.ReportTtl, timeProvider, logs.CreateLogger<ProxyReport>());
        await using var client = new RpcClient(options.Kamailio, options.Rpc);
        await using var reader = options.KamailioRead is { } read ? new RpcClient(read, options.Rpc) : null;
        var dispatcher = new KamailioDispatcher(client, reader);
        var quarantine = new Quarantine(timeProvider);
        using var proxyLock = new ProxyLock(ProxyLock.PathFor(options.Kamailio), $"{options.Proxy} (PID {Environment.ProcessId})", logs.CreateLogger<ProxyLock>());
        proxyLock.Ensure();
        if (!options.Kamailio.IsSerial)
        {
            ReconcileLog.NotSerial(logs.CreateLogger<DispatcherDaemon>(), options.Kamailio);
        }

        var gracePeriod = GracePeriod(client);
        Reconciler? reconciler = null;
        using var watcher = options.Kamailio.Path is not { } path ? null : new SocketWatcher(path, () =>
        {
            client.Orphan();
            reader?.Orphan();
            reconciler?.Wake();
        });
        var names = new NameLookup(Dns.GetHostAddresses, client.ResolvesAsync, timeProvider);
        IChangeGuard[] guards =
        [
            new MemoryGuard(client, options.MemoryFloorPercent),
            new AdditionGuard(client, names, logs.CreateLogger<AdditionGuard>()),
            new ForeignGuard(names, options.Cluster, timeProvider, logs.CreateLogger<ForeignGuard>()),
        ];
        reconciler = new Reconciler(
            Source(store, keys),
            dispatcher,
            new PlanExecutor(dispatcher, gracePeriod, quarantine, guards, logs.CreateLogger<PlanExecutor>()),
            quarantine,
            new PlanPolicy(options.Cluster) { Sets = options.Sets, Order = options.Order, IsAdmissionProbed = options.IsAdmissionProbed },
            new CycleJournal(report, quarantine, () => Status(gracePeriod), timeProvider, logs.CreateLogger<CycleJournal>()),
            options.Reconciler,
            () =>
            {
                proxyLock.Ensure();
                watcher?.Ensure();
            },
            timeProvider,
            new ForeignMemory(options.Cluster, names.Known, timeProvider, logs.CreateLogger<ForeignMemory>()));

        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] parts = [reconciler.RunAsync(life.Token), report.RunAsync(life.Token)];
        try
        {
            // Neither ends by itself: the first one to end ends the other.
            await await Task.WhenAny(parts).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            await life.CancelAsync().ConfigureAwait(false);
            foreach (var part in parts)
            {
                await part.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private IMembershipSource Source(EtcdStore store, EtcdKeys keys)
    {
        var watch = new MembershipWatch(store, keys, timeProvider, logs.CreateLogger<MembershipWatch>());
        return options.StateDirectory is { } directory
            ? new SnapshottingSource(
                watch,
                new SnapshotFile(directory, options.Cluster, logs.CreateLogger<SnapshotFile>()),
                options.SnapshotPatience,
                watch.Seed,
                timeProvider,
                logs.CreateLogger<SnapshottingSource>())
            : watch;
    }

    private GraceStatus Status(IGracePeriod gracePeriod)
    {
        var (count, median, p99, longest, timeouts) = _graceFigures.Summary();
        return new GraceStatus(gracePeriod.Mode, count, median, p99, longest, timeouts);
    }

    private IGracePeriod GracePeriod(RpcClient client)
    {
        var gap = new FixedGap(options.Grace == GraceMode.None ? TimeSpan.Zero : options.Gap, timeProvider);
        return options.Grace is GraceMode.None or GraceMode.Fixed
            ? gap
            : new ObservedGrace(
                client.ListProcessesAsync,
                ProcessIdentity.Check,
                [new SystemCallView(), new WaitChannelView()],
                gap,
                options.GraceCap,
                _graceFigures,
                timeProvider,
                logs.CreateLogger<ObservedGrace>());
    }
}
