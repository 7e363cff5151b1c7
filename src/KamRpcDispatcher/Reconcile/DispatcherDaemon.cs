using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Rpc;
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
        using var store = new EtcdStore(options.Etcd, timeProvider);
        var keys = new EtcdKeys(options.Cluster);
        var report = new ProxyReport(store, keys, options.Proxy, options.ReportTtl, timeProvider, logs.CreateLogger<ProxyReport>());
        await using var client = Client(options.Kamailio);
        await using var reader = options.KamailioRead is { } read ? Client(read) : null;
        var dispatcher = new KamailioDispatcher(client, reader);
        var quarantine = new Quarantine(timeProvider);
        using var proxyLock = new ProxyLock(options.Kamailio.Path, $"{options.Proxy} (PID {Environment.ProcessId})", logs.CreateLogger<ProxyLock>());
        proxyLock.Ensure();
        var gracePeriod = GracePeriod(dispatcher);
        Reconciler? reconciler = null;
        using var watcher = new SocketWatcher(options.Kamailio.Path, () =>
        {
            client.Orphan();
            reader?.Orphan();
            reconciler?.Wake();
        });
        reconciler = new Reconciler(
            Source(store, keys),
            dispatcher,
            new SafePush(dispatcher, gracePeriod, quarantine, logs.CreateLogger<SafePush>()),
            new PlanPolicy(options.Cluster) { Sets = options.Sets, IsQuarantined = quarantine.Holds, IsAdmissionProbed = options.IsAdmissionProbed },
            new CycleJournal(report, quarantine, () => Status(gracePeriod), timeProvider, logs.CreateLogger<CycleJournal>()),
            options.Reconciler,
            () =>
            {
                proxyLock.Ensure();
                watcher.Ensure();
            },
            timeProvider);

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

    private RpcClient Client(KamailioAddress address)
    {
        IRpcTransport transport = address.Transport == RpcTransport.Fifo
            ? new FifoTransport(address, options.FifoReplyDirectory)
            : new UnixDatagramTransport(address, options.ReplyDirectory);
        return new RpcClient(transport, options.RpcTimeout, timeProvider);
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

    private IGracePeriod GracePeriod(KamailioDispatcher dispatcher)
    {
        var gap = new FixedGap(options.Grace == GraceMode.None ? TimeSpan.Zero : options.Gap, timeProvider);
        return options.Grace is GraceMode.None or GraceMode.Fixed
            ? gap
            : new ObservedGrace(
                dispatcher.ListProcessesAsync,
                ProcessIdentity.Check,
                [new SystemCallView(), new WaitChannelView()],
                gap,
                options.GraceCap,
                _graceFigures,
                timeProvider,
                logs.CreateLogger<ObservedGrace>());
    }
}
