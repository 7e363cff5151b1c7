using dotnet_etcd;
using dotnet_etcd.interfaces;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;

namespace KamRpcDispatcher.Etcd;

/// <summary>The connection to etcd: dotnet-etcd's channel and generated clients.</summary>
/// <remarks>
/// dotnet-etcd's own watch manager and keep-alive loops end silently in several outages (a server that hangs for over two minutes, a
/// compacted revision), so the loops are in <see cref="MembershipWatch"/> and <see cref="LeasedRecord"/>.
/// </remarks>
public sealed class EtcdStore : IDisposable
{
    /// <summary>How long a single call may take before the server counts as gone.</summary>
    internal static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait before trying again what failed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    private readonly EtcdClient _client;
    private readonly IConnection _connection;

    public EtcdStore(EtcdEndpoints endpoints)
    {
        Endpoints = endpoints;
        _client = new EtcdClient(endpoints.ConnectionString, configureChannelOptions: Configure);
        _connection = _client.GetConnection();
    }

    public EtcdEndpoints Endpoints { get; }

    internal KV.KVClient Keys => _connection.KVClient;

    internal Lease.LeaseClient Leases => _connection.LeaseClient;

    internal Watch.WatchClient Watches => _connection.WatchClient;

    internal static CallOptions Options(CancellationToken cancellationToken) => Options(CallTimeout, cancellationToken);

    internal static CallOptions Options(TimeSpan timeout, CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken);

    /// <summary>Whether a call failed because of the connection or the server, so that it may be tried again.</summary>
    internal static bool IsOutage(Exception exception, CancellationToken cancellationToken) =>
        exception is RpcException or IOException or ObjectDisposedException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Why a call failed, in one line.</summary>
    internal static string Describe(Exception exception) =>
        exception is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : exception.Message;

    public void Dispose() => _client.Dispose();

    private static void Configure(GrpcChannelOptions options)
    {
        var handler = (SocketsHttpHandler)options.HttpHandler!;

        // Every 2 s draws ENHANCE_YOUR_CALM from etcd; without calls under way there is nothing to find out.
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(10);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        handler.ConnectTimeout = CallTimeout;

        // An http_proxy of the environment is for web traffic, and cannot carry HTTP/2 without TLS.
        handler.UseProxy = false;

        // The default backs off for up to two minutes: measured recoveries of 16 to 43 s, with this 0.02 s.
        options.InitialReconnectBackoff = TimeSpan.FromMilliseconds(100);
        options.MaxReconnectBackoff = TimeSpan.FromSeconds(1);

        // The loops here retry by themselves, and have to know of a failure at once; throttling would hide later ones.
        options.ServiceConfig?.MethodConfigs.Clear();
        if (options.ServiceConfig is { } config)
        {
            config.RetryThrottling = null;
        }

        // 4 MB by default: less than a large membership or a backlog of events.
        options.MaxReceiveMessageSize = null;
    }
}
