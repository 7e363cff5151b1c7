using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Rpc;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Reconcile;

/// <summary>The dispatcher: puts the parts together and runs them until cancelled.</summary>
public sealed class DispatcherDaemon(DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
{
    /// <summary>Runs until cancelled. Kamailio's list stays as it is afterwards: a daemon that stops takes no calls from anybody.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdStore(options.Etcd);
        var keys = new EtcdKeys(options.Cluster);
        var report = new ProxyReport(store, keys, options.Proxy, options.ReportTtl, timeProvider, logs.CreateLogger<ProxyReport>());
        await using var client = new RpcClient(new UnixDatagramTransport(options.Kamailio, options.ReplyDirectory), options.RpcTimeout, timeProvider);
        var dispatcher = new KamailioDispatcher(client);
        var quarantine = new Quarantine(timeProvider);
        var reconciler = new Reconciler(
            new MembershipWatch(store, keys, timeProvider, logs.CreateLogger<MembershipWatch>()),
            dispatcher,
            new SafePush(dispatcher, new FixedGap(options.Gap, timeProvider), quarantine, logs.CreateLogger<SafePush>()),
            new PlanPolicy(options.Cluster) { Sets = options.Sets, IsQuarantined = quarantine.Holds },
            new CycleJournal(report, timeProvider, logs.CreateLogger<CycleJournal>()),
            options.Reconciler,
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
}
