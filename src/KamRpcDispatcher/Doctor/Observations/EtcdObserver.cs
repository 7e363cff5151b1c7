using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;

namespace KamRpcDispatcher.Doctor.Observations;

/// <summary>Probes every endpoint of etcd, and reads the cluster's members and proxies there.</summary>
internal sealed class EtcdObserver(EtcdOptions connection, string cluster, IReadOnlySet<int>? sets, TimeProvider timeProvider)
{
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(500);

    private readonly EtcdKeys _keys = new(cluster);

    public async Task<EtcdObservation> ObserveAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(connection, timeProvider);
        var reader = new ClusterReader(store, _keys, timeProvider);
        var seen = await Task.WhenAll(connection.Endpoints.Each().Select(endpoint => ObserveAsync(endpoint, cancellationToken))).ConfigureAwait(false);
        var read = seen.Any(static endpoint => endpoint.Status.Try(out _, out _))
            ? await ReadAsync(reader, cancellationToken).ConfigureAwait(false)
            : Observed<ClusterView>.Not(new Trouble("etcd does not answer", Causes.Etcd));
        var observation = read.Try(out var view, out var trouble)
            ? new EtcdObservation(
                seen,
                Observed<IReadOnlyList<Member>>.Of([.. view.Members.Select(static announced => announced.InEffect)]),
                Observed<IReadOnlyList<ReportingProxy>>.Of(view.Proxies))
            {
                Addresses = await HostLookup.AddressesAsync(view.Members.Where(static announced => announced.Member.Uri.Address is null).Select(static announced => announced.Member.Uri.Host), cancellationToken).ConfigureAwait(false),
                Rejected = view.Rejected,
                Intents = view.Intents.ToDictionary(static stored => stored.Key, static stored => stored.Value.Intent),
                ProxyIntents = view.ProxyIntents.ToDictionary(static stored => stored.Key, static stored => stored.Value.Intent),
                Drained = view.Members.Where(static announced => announced.IsDrained).Select(static announced => announced.Member.Key).ToHashSet(),
                RejectedIntents = view.RejectedIntents,
                IntentsRefused = view.IntentsRefused,
                Lags = await LagsAsync(reader, view, cancellationToken).ConfigureAwait(false),
                Held = [.. view.Proxies.SelectMany(static proxy => proxy.Status?.Held ?? [])],
            }
            : new EtcdObservation(seen, Observed<IReadOnlyList<Member>>.Not(trouble), Observed<IReadOnlyList<ReportingProxy>>.Not(trouble));
        return observation with { Cluster = cluster, Sets = sets, ReadAt = timeProvider.GetUtcNow() };
    }

    private async Task<EndpointObservation> ObserveAsync(EtcdEndpoints endpoint, CancellationToken cancellationToken)
    {
        var probe = new EndpointProbe(connection with { Endpoints = endpoint }, _keys, timeProvider);
        try
        {
            var status = await probe.ReadStatusAsync(cancellationToken).ConfigureAwait(false);
            return new EndpointObservation(endpoint.ToString(), status, await ClockAsync(probe, cancellationToken).ConfigureAwait(false));
        }
        catch (EtcdUnreachableException unreachable)
        {
            return new EndpointObservation(endpoint.ToString(), Observed<EndpointStatus>.Not(unreachable.Message), Observed<ClockReading>.Not(unreachable.Message));
        }
    }

    private async Task<Observed<ClockReading>> ClockAsync(EndpointProbe probe, CancellationToken cancellationToken)
    {
        var before = timeProvider.GetUtcNow();
        try
        {
            return await probe.ReadClockAsync(cancellationToken).ConfigureAwait(false) is { } told
                ? new ClockReading(before, timeProvider.GetUtcNow(), told)
                : Observed<ClockReading>.Not("its answers have no date");
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Observed<ClockReading>.Not($"it does not tell over HTTP ({exception.Message})");
        }
    }

    /// <summary>What is behind now may be about to follow: it is read again until it has, or had time enough to do so.</summary>
    private async Task<IReadOnlyDictionary<string, ProxyLag>> LagsAsync(ClusterReader reader, ClusterView view, CancellationToken cancellationToken)
    {
        var lags = ProxyLag.In(view);
        for (var begun = timeProvider.GetTimestamp(); lags.Count > 0 && timeProvider.GetElapsedTime(begun) < ProxyLag.Patience;)
        {
            await Task.Delay(BetweenReadings, timeProvider, cancellationToken).ConfigureAwait(false);
            if (!(await ReadAsync(reader, cancellationToken).ConfigureAwait(false)).Try(out var again, out _))
            {
                return new Dictionary<string, ProxyLag>();
            }

            lags = ProxyLag.Lasting(lags, view, again);
        }

        return lags;
    }

    private static async Task<Observed<ClusterView>> ReadAsync(ClusterReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return Observed<ClusterView>.Of(await reader.ReadAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (EtcdUnreachableException unreachable)
        {
            return Observed<ClusterView>.Not(new Trouble(unreachable.Message, Causes.Members));
        }
    }
}
