using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Looks at every endpoint of etcd, and at the cluster's members there.</summary>
internal sealed class EtcdObserver(EtcdConnection connection, EtcdKeys keys, TimeProvider timeProvider)
{
    public async Task<EtcdObservation> ObserveAsync(CancellationToken cancellationToken)
    {
        var seen = await Task.WhenAll(connection.Endpoints.Each().Select(endpoint => ObserveAsync(endpoint, cancellationToken))).ConfigureAwait(false);
        return new EtcdObservation(
            seen,
            seen.Any(static endpoint => endpoint.Status.Try(out _, out _))
                ? await MembersAsync(cancellationToken).ConfigureAwait(false)
                : Seen<IReadOnlyList<Member>>.Not("etcd does not answer"));
    }

    private async Task<EndpointObservation> ObserveAsync(EtcdEndpoints endpoint, CancellationToken cancellationToken)
    {
        var probe = new EndpointProbe(connection with { Endpoints = endpoint }, keys, timeProvider);
        try
        {
            var status = await probe.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
            return new EndpointObservation(endpoint.ToString(), status, await ClockAsync(probe, cancellationToken).ConfigureAwait(false));
        }
        catch (EtcdUnreachableException unreachable)
        {
            return new EndpointObservation(endpoint.ToString(), Seen<EndpointStatus>.Not(unreachable.Message), Seen<ClockReading>.Not(unreachable.Message));
        }
    }

    private async Task<Seen<ClockReading>> ClockAsync(EndpointProbe probe, CancellationToken cancellationToken)
    {
        var before = timeProvider.GetUtcNow();
        try
        {
            return await probe.ReadClockAsync(cancellationToken).ConfigureAwait(false) is { } told
                ? new ClockReading(before, timeProvider.GetUtcNow(), told)
                : Seen<ClockReading>.Not("its answers have no date");
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Seen<ClockReading>.Not($"it does not tell over HTTP ({exception.Message})");
        }
    }

    private async Task<Seen<IReadOnlyList<Member>>> MembersAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdStore(connection, timeProvider);
        try
        {
            var view = await new ClusterReader(store, keys, timeProvider).ReadAsync(cancellationToken).ConfigureAwait(false);
            return Seen<IReadOnlyList<Member>>.Of([.. view.Members.Select(static announced => announced.Member)]);
        }
        catch (EtcdUnreachableException unreachable)
        {
            return Seen<IReadOnlyList<Member>>.Not(unreachable.Message);
        }
    }
}
