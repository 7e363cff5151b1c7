using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor;

/// <summary>
/// Examines one Kamailio and etcd: looks at everything that can be seen, then judges it. That one of them does not answer keeps nobody from
/// looking at the other. Changes nothing.
/// </summary>
public sealed class Checkup(CheckupOptions options, TimeProvider timeProvider)
{
    public async Task<CheckupResult> RunAsync(CancellationToken cancellationToken)
    {
        var etcdObserver = new EtcdObserver(options.Etcd, options.Cluster, timeProvider);
        var kamailioTask = ObserveKamailioAsync(cancellationToken);
        var etcdTask = etcdObserver.ObserveAsync(cancellationToken);
        await Task.WhenAll(kamailioTask, etcdTask).ConfigureAwait(false);
        var (kamailio, etcd) = (await kamailioTask.ConfigureAwait(false), await etcdTask.ConfigureAwait(false));
        var isReached = kamailio.Reply.Try(out _, out _) && etcd.Endpoints.Any(static endpoint => endpoint.Status.Try(out _, out _));
        return new CheckupResult(kamailio.Address, isReached, ContainerAdvice.Add(AllChecks.Of(kamailio, etcd), ContainerObserver.Observe(kamailio)));
    }

    private async Task<KamailioObservation> ObserveKamailioAsync(CancellationToken cancellationToken)
    {
        var (address, failures) = await options.FindKamailio(cancellationToken).ConfigureAwait(false);
        return await new KamailioObserver(options.Rpc, options.ConfigFile, timeProvider).ObserveAsync(address, failures, cancellationToken).ConfigureAwait(false);
    }
}
