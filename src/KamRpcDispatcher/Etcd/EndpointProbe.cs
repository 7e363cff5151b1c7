using Etcdserverpb;
using KamailioRpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Etcd;

/// <summary>Asks one endpoint of etcd how it is. Changes nothing.</summary>
/// <param name="connection">How to reach it; it has one endpoint.</param>
/// <param name="timeProvider">The clock.</param>
public sealed class EndpointProbe(EtcdConnection connection, TimeProvider timeProvider)
{
    /// <exception cref="EtcdUnreachableException">No answer, in about two seconds.</exception>
    public async Task<EndpointStatus> ReadStatusAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdStore(connection, timeProvider);
        return await EtcdUnreachableException.GuardAsync(store, () => ReadStatusAsync(store, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>etcd's clock, in whole seconds, as the head of an answer over HTTP has it; null when it has none.</summary>
    /// <exception cref="HttpRequestException">No connection, or no answer of HTTP.</exception>
    /// <exception cref="OperationCanceledException">No answer in time.</exception>
    public async Task<DateTimeOffset?> ReadClockAsync(CancellationToken cancellationToken)
    {
        // Past a proxy for web traffic, as the calls themselves.
        using var handler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = NameResolver.ConnectAsync };
        new EtcdSecrets(connection, NullLogger.Instance).Configure(handler.SslOptions);
        using var client = new HttpClient(handler) { Timeout = EtcdStore.CallTimeout };
        using var answer = await client.GetAsync(new Uri(connection.Endpoints + "/version"), HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        return answer.Headers.Date;
    }

    private async Task<EndpointStatus> ReadStatusAsync(EtcdStore store, CancellationToken cancellationToken)
    {
        // Once for the connection, and once for the time.
        await store.Maintenance.StatusAsync(new StatusRequest(), EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        var begun = timeProvider.GetTimestamp();
        var status = await store.Maintenance.StatusAsync(new StatusRequest(), EtcdStore.Options(cancellationToken)).ConfigureAwait(false);
        return new EndpointStatus(status.Version, status.Leader != 0, status.DbSize, [.. status.Errors], timeProvider.GetElapsedTime(begun));
    }
}
