using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Checks.Sockets;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Doctor.Observations.Sockets;

namespace KamRpcDispatcher.Doctor;

/// <summary>
/// Examines one Kamailio and etcd: reads everything that can be seen, then judges it. That one of them does not answer keeps nobody from
/// reading the other. Changes nothing.
/// </summary>
public sealed class Checkup(CheckupOptions options, TimeProvider timeProvider)
{
    /// <summary>The names of all checks, in their order.</summary>
    public static IReadOnlyList<string> CheckNames => AllChecks.Names;

    public async Task<CheckupResult> RunAsync(CancellationToken cancellationToken)
    {
        var kamailioTask = ObserveKamailioAsync(cancellationToken);
        var etcdTask = ObserveEtcdAsync(kamailioTask, cancellationToken);
        await Task.WhenAll(kamailioTask, etcdTask).ConfigureAwait(false);
        var (kamailio, etcd) = (await kamailioTask.ConfigureAwait(false), await etcdTask.ConfigureAwait(false));
        var isReached = (kamailio.Reply.Try(out _, out _) || options.Ignored.Contains(Causes.Kamailio))
            && (etcd.UnusedBy is not null || options.Ignored.Contains(Causes.Etcd) || etcd.Endpoints.Any(static endpoint => endpoint.Status.Try(out _, out _)));
        var findings = ContainerAdvice.Add(AllChecks.Of(kamailio, etcd with { Local = options.Local }), ContainerObserver.Observe(kamailio));
        return new CheckupResult(kamailio.Address, isReached, [.. findings.Select(finding => finding with { IsIgnored = options.Ignored.Contains(finding.Check) })]);
    }

    /// <summary>No etcd is looked at where the dispatcher that is at work on this Kamailio, or may be, uses none.</summary>
    private async Task<EtcdObservation> ObserveEtcdAsync(Task<KamailioObservation> kamailio, CancellationToken cancellationToken)
    {
        if (options.WithoutEtcd is { } usedBy
            && (DispatcherCheck.ProxyAtWork(await kamailio.ConfigureAwait(false)) is not { } name || options.Local.Any(answer => !answer.UsesEtcd && answer.Proxy == name)))
        {
            return EtcdObservation.OfNone(usedBy) with { Cluster = options.Cluster, Sets = options.Sets, ReadAt = timeProvider.GetUtcNow() };
        }

        return await new EtcdObserver(options.Etcd, options.Cluster, options.Sets, timeProvider).ObserveAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<KamailioObservation> ObserveKamailioAsync(CancellationToken cancellationToken)
    {
        var (address, failures) = await options.FindKamailio(cancellationToken).ConfigureAwait(false);
        return await new KamailioObserver(options.Rpc, options.ConfigFile, timeProvider).ObserveAsync(address, failures, cancellationToken).ConfigureAwait(false);
    }
}
