using dotnet_etcd;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using KamRpcDispatcher.Etcd.Connection.Security;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>One connection to one endpoint: its channel, and dotnet-etcd's generated clients on it.</summary>
/// <remarks>
/// dotnet-etcd's own channel connects by itself, one address of a name after the other; that of a client made for a given channel is the channel's.
/// Whoever holds it may go on when the store uses another one already: it is closed when the last one leaves it.
/// </remarks>
internal sealed class EtcdLine : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly EtcdClient _client;
    private readonly EtcdDialer _dialer;
    private readonly CancellationTokenSource _suspected = new();
    private long _received;
    private int _holders = 1;

    /// <param name="endpoint">Where to.</param>
    /// <param name="dialer">The ways there.</param>
    /// <param name="token">Of etcd's user, null for none.</param>
    /// <param name="openedAt">Now.</param>
    public EtcdLine(EtcdEndpoints endpoint, EtcdDialer dialer, EtcdToken? token, long openedAt)
    {
        _dialer = dialer;
        OpenedAt = openedAt;
        Suspected = _suspected.Token;
        _channel = GrpcChannel.ForAddress(endpoint.ConnectionString, new GrpcChannelOptions
        {
            HttpHandler = NewHandler(),
            DisposeHttpClient = true,
            ThrowOperationCanceledOnCancellation = true,

            // 4 MB by default: less than a page of large records or a backlog of events.
            MaxReceiveMessageSize = null,
        });
        var calls = _channel.CreateCallInvoker();
        _client = new EtcdClient(token is null ? calls : calls.Intercept(new TokenInterceptor(token, new Auth.AuthClient(calls))));
    }

    public KV.KVClient Keys => _client.GetConnection().KVClient;

    public Lease.LeaseClient Leases => _client.GetConnection().LeaseClient;

    public Maintenance.MaintenanceClient Maintenance => _client.GetConnection().MaintenanceClient;

    public Watch.WatchClient Watches => _client.GetConnection().WatchClient;

    /// <summary>Since when it is the one that is used, by the store's clock.</summary>
    public long OpenedAt { get; set; }

    /// <summary>Whether anything was ever answered over it.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>How many bytes have come: whether there is silence, or something long is on its way.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Cancelled when a call over it was not answered, and another one is used from then on.</summary>
    public CancellationToken Suspected { get; }

    /// <summary>Keeps it open until <see cref="Leave"/>. Only while it is open.</summary>
    public void Enter() => Interlocked.Increment(ref _holders);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Dispose();
        }
    }

    /// <summary>Another one is used from now on.</summary>
    /// <param name="avoidWay">Whether the way that it took to its endpoint leads nowhere.</param>
    public void Suspect(bool avoidWay)
    {
        if (avoidWay)
        {
            _dialer.Avoid();
        }

        // Whoever is told does not go on under the store's lock.
        _ = _suspected.CancelAsync();
    }

    /// <summary>Why etcd does not answer over this connection as it is to; null if it does.</summary>
    public async Task<string?> RefusalAsync(string key)
    {
        // Whether the cluster has a leader says nothing of the connection.
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(key), KeysOnly = true, Serializable = true };
        try
        {
            await Keys.RangeAsync(request, EtcdCall.Options(CancellationToken.None)).ConfigureAwait(false);
            return null;
        }
        catch (Exception exception) when (EtcdFailure.IsOutage(exception, CancellationToken.None))
        {
            return EtcdFailure.Describe(exception);
        }
    }

    /// <summary>Closes it, whoever still holds it.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _channel.Dispose();
        _suspected.Dispose();
    }

    private SocketsHttpHandler NewHandler() => new()
    {
        ConnectCallback = (_, cancellationToken) => _dialer.ConnectAsync(count => Interlocked.Add(ref _received, count), cancellationToken),
        ConnectTimeout = EtcdCall.Timeout,

        // Every 2 s draws ENHANCE_YOUR_CALM from etcd; without calls under way there is nothing to find out.
        KeepAlivePingDelay = TimeSpan.FromSeconds(10),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,

        // An http_proxy of the environment is for web traffic, and cannot carry HTTP/2 without TLS. A redirection would take the token elsewhere.
        UseProxy = false,
        AllowAutoRedirect = false,
    };
}
