using System.Globalization;
using System.Net.Security;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Connection.Security;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Etcd;

/// <summary>Asks one endpoint of etcd how it is. Changes nothing.</summary>
/// <param name="connection">How to reach it; it has one endpoint.</param>
/// <param name="keys">Those that may be read.</param>
/// <param name="timeProvider">The clock.</param>
public sealed class EndpointProbe(EtcdOptions connection, EtcdKeys keys, TimeProvider timeProvider)
{
    /// <summary>There are some thousand.</summary>
    private const int MostMetricLines = 20_000;

    /// <exception cref="EtcdUnreachableException">No answer, in about two seconds.</exception>
    public async Task<EndpointStatus> ReadStatusAsync(CancellationToken cancellationToken)
    {
        using var store = new EtcdConnection(connection, timeProvider);
        return await EtcdUnreachableException.GuardAsync(store, () => ReadStatusAsync(store, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>etcd's clock, in whole seconds, as the head of an answer over HTTP has it; null when it has none.</summary>
    /// <exception cref="HttpRequestException">No connection, no answer of HTTP, or a redirection.</exception>
    /// <exception cref="OperationCanceledException">No answer in time.</exception>
    public async Task<DateTimeOffset?> ReadClockAsync(CancellationToken cancellationToken)
    {
        using var client = NewHttpClient();
        using var answer = await client.GetAsync(new Uri(connection.Endpoints + "/version"), HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        return (int)answer.StatusCode is >= 300 and < 400
            ? throw new HttpRequestException($"it redirects to '{SafeText.Shorten(answer.Headers.Location?.ToString() ?? string.Empty)}', which is not followed")
            : answer.Headers.Date;
    }

    private async Task<EndpointStatus> ReadStatusAsync(EtcdConnection store, CancellationToken cancellationToken)
    {
        // Once for the connection, and once for the time.
        await store.Maintenance.StatusAsync(new StatusRequest(), EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
        var begun = timeProvider.GetTimestamp();
        var status = await store.Maintenance.StatusAsync(new StatusRequest(), EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
        var elapsed = timeProvider.GetElapsedTime(begun);
        return new EndpointStatus(status.Version, status.Leader != 0, status.DbSize, [.. status.Errors], elapsed)
        {
            ClusterId = status.Header.ClusterId,
            Revision = status.Header.Revision,
            IsLearner = status.IsLearner,
            CompactedRevision = await ReadCompactedAsync(store, cancellationToken).ConfigureAwait(false),
            QuotaBytes = await ReadQuotaAsync(cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>etcd does not tell it; but a watch from the beginning is refused with it, and a reading as of the beginning refused at all.</summary>
    /// <returns>Null where that cannot be seen, which says nothing against the endpoint: it has answered already.</returns>
    private async Task<long?> ReadCompactedAsync(EtcdConnection store, CancellationToken cancellationToken)
    {
        // Nothing is ever written under the prefix itself, so that there is nothing to see but that.
        var key = ByteString.CopyFromUtf8(keys.Members);
        try
        {
            return await IsWholeAsync(store, key, cancellationToken).ConfigureAwait(false) ? 0 : await ReadRefusalAsync(store, key, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, cancellationToken))
        {
            return null;
        }
    }

    private static async Task<bool> IsWholeAsync(EtcdConnection store, ByteString key, CancellationToken cancellationToken)
    {
        try
        {
            await store.Keys.RangeAsync(new RangeRequest { Key = key, CountOnly = true, Revision = 1 }, EtcdCall.Options(cancellationToken)).ConfigureAwait(false);
            return true;
        }
        catch (RpcException compacted) when (compacted.StatusCode == StatusCode.OutOfRange)
        {
            return false;
        }
    }

    private async Task<long?> ReadRefusalAsync(EtcdConnection store, ByteString key, CancellationToken cancellationToken)
    {
        var stream = await WatchStream.OpenAsync(store, key, ByteString.Empty, 1, timeProvider, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            while (true)
            {
                var answer = await stream.ReadAsync(isUrgent: false, cancellationToken).ConfigureAwait(false);
                if (answer.Canceled)
                {
                    return answer.CompactRevision > 0 ? answer.CompactRevision : null;
                }
            }
        }
    }

    /// <summary>From its metrics, where they are open.</summary>
    private async Task<long?> ReadQuotaAsync(CancellationToken cancellationToken)
    {
        const string Name = "etcd_server_quota_backend_bytes ";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(EtcdCall.Timeout);
        try
        {
            using var client = NewHttpClient();
            using var answer = await client.GetAsync(new Uri(connection.Endpoints + "/metrics"), HttpCompletionOption.ResponseHeadersRead, patience.Token).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false));
            for (var lines = 0; lines < MostMetricLines && await reader.ReadLineAsync(patience.Token).ConfigureAwait(false) is { } line; lines++)
            {
                if (line.StartsWith(Name, StringComparison.Ordinal))
                {
                    return double.TryParse(line.AsSpan(Name.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var bytes) && bytes is > 0 and < long.MaxValue ? (long)bytes : null;
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Past a proxy for web traffic, as the calls themselves, and without following it elsewhere.</summary>
    private HttpClient NewHttpClient()
    {
        var dialer = new EtcdDialer(connection.Endpoints, new EtcdCredentials(connection, NullLogger.Instance), SslApplicationProtocol.Http11);
        return new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectCallback = (_, token) => dialer.ConnectAsync(static _ => { }, token) }) { Timeout = EtcdCall.Timeout };
    }
}
