using dotnet_etcd;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;

namespace KamRpcDispatcher.Etcd;

/// <summary>The connection to etcd: dotnet-etcd's channel and generated clients.</summary>
/// <remarks>
/// dotnet-etcd's own watch manager and keep-alive loops end silently in several outages (a server that hangs for over two minutes, a
/// compacted revision), so the loops are in <see cref="MembershipWatch"/> and <see cref="LeaseKeeper"/>.
/// </remarks>
public sealed class EtcdStore : IDisposable
{
    /// <summary>After failing for so long the channel itself is suspected: one was seen to stay down while its server had long been back.</summary>
    internal static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(5);

    /// <summary>How long a single call may take before the server counts as gone.</summary>
    internal static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait before trying again what failed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    private readonly Lock _lock = new();
    private readonly TimeProvider _timeProvider;
    private volatile EtcdClient _client;
    private long? _failingSince;

    public EtcdStore(EtcdEndpoints endpoints, TimeProvider timeProvider)
    {
        Endpoints = endpoints;
        _timeProvider = timeProvider;
        _client = Open();
    }

    public EtcdEndpoints Endpoints { get; }

    internal KV.KVClient Keys => _client.GetConnection().KVClient;

    internal Lease.LeaseClient Leases => _client.GetConnection().LeaseClient;

    internal Maintenance.MaintenanceClient Maintenance => _client.GetConnection().MaintenanceClient;

    internal Watch.WatchClient Watches => _client.GetConnection().WatchClient;

    internal static CallOptions Options(CancellationToken cancellationToken) => Options(CallTimeout, cancellationToken);

    internal static CallOptions Options(TimeSpan timeout, CancellationToken cancellationToken) =>
        new(deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken);

    /// <summary>Whether a call failed because of the connection or the server, so that it may be tried again.</summary>
    internal static bool IsOutage(Exception exception, CancellationToken cancellationToken) =>
        exception is RpcException or IOException or ObjectDisposedException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Why a call failed, in one line.</summary>
    internal static string Describe(Exception exception) => exception switch
    {
        // "Connection refused" says more than the status, "Error connecting to subchannel".
        RpcException { StatusCode: StatusCode.Unavailable, Status.DebugException: { } connecting } => connecting.Message,
        RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
        _ => exception.Message,
    };

    public void Dispose() => _client.Dispose();

    /// <summary>A call succeeded.</summary>
    internal void Succeeded()
    {
        lock (_lock)
        {
            _failingSince = null;
        }
    }

    /// <summary>A call failed by an outage. When nothing has succeeded for a while, a new channel is opened; calls under way on the old one fail.</summary>
    internal void Failed()
    {
        lock (_lock)
        {
            var now = _timeProvider.GetTimestamp();
            _failingSince ??= now;
            if (_timeProvider.GetElapsedTime(_failingSince.Value, now) < Suspicion)
            {
                return;
            }

            _failingSince = now;
            using var suspect = _client;
            _client = Open();
        }
    }

    private EtcdClient Open() => new(Endpoints.ConnectionString, configureChannelOptions: Configure);

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
