using dotnet_etcd;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Etcd;

/// <summary>The connection to etcd: dotnet-etcd's channel and generated clients.</summary>
/// <remarks>
/// dotnet-etcd's own watch manager and keep-alive loops end silently in several outages (a server that hangs for over two minutes, a
/// compacted revision), so the loops are in <see cref="MembershipWatch"/> and <see cref="LeaseKeeper"/>. It also spreads calls over all
/// endpoints, so that of three of which one hangs every third call would wait in vain; here one endpoint is used until a call fails.
/// </remarks>
public sealed class EtcdStore : IDisposable
{
    /// <summary>After failing for so long the channel itself is suspected: one was seen to stay down while its server had long been back.</summary>
    internal static readonly TimeSpan Suspicion = TimeSpan.FromSeconds(5);

    /// <summary>How long a single call may take before the server counts as gone.</summary>
    internal static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How long to wait before trying again what failed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>Calls that fail so soon after a change of endpoints were cut off by it.</summary>
    internal static readonly TimeSpan Aftermath = RetryDelay / 2;

    private readonly Lock _lock = new();
    private readonly EtcdEndpoints[] _endpoints;
    private readonly EtcdSecrets _secrets;
    private readonly EtcdToken? _token;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private volatile EtcdClient _client;
    private int _current;
    private long? _failingSince;
    private long _openedAt;

    /// <summary>Without TLS or with the authorities that the system trusts, and as nobody in particular.</summary>
    public EtcdStore(EtcdEndpoints endpoints, TimeProvider timeProvider)
        : this(new EtcdConnection(endpoints), timeProvider)
    {
    }

    /// <exception cref="InvalidDataException">A file of the connection is bad.</exception>
    public EtcdStore(EtcdConnection connection, TimeProvider timeProvider, ILogger<EtcdStore>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Endpoints = connection.Endpoints;
        _endpoints = [.. Endpoints.Each()];
        _timeProvider = timeProvider;
        _logger = logger ?? (ILogger)NullLogger.Instance;
        _secrets = new EtcdSecrets(connection, _logger);
        _token = connection.User is { } user ? new EtcdToken(user, _secrets, timeProvider) : null;
        _client = Open();
    }

    public EtcdEndpoints Endpoints { get; }

    internal int EndpointCount => _endpoints.Length;

    internal KV.KVClient Keys => _client.GetConnection().KVClient;

    internal Lease.LeaseClient Leases => _client.GetConnection().LeaseClient;

    internal Maintenance.MaintenanceClient Maintenance => _client.GetConnection().MaintenanceClient;

    internal Watch.WatchClient Watches => _client.GetConnection().WatchClient;

    internal static CallOptions Options(CancellationToken cancellationToken) => Options(CallTimeout, cancellationToken);

    /// <summary>Options with which a call, or several together, are given up after the time.</summary>
    /// <remarks>
    /// Not by gRPC's deadline: that is a time of day, and Grpc.Net.Client compares it with the clock once more when its timer fires
    /// (GrpcCall.DeadlineExceededCallback). Were the clock set back an hour during a call to a server that hangs, it would wait for an hour.
    /// </remarks>
    internal static CallOptions Options(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Nobody knows when the last call has ended, so that it is not disposed of; when its time is up nothing is left of it.
        var patience = new CancellationTokenSource(timeout);
        var registration = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), patience);
        patience.Token.UnsafeRegister(static caller => ((CancellationTokenRegistration)caller!).Dispose(), registration);
        return new CallOptions(cancellationToken: patience.Token);
    }

    /// <summary>Whether a call failed because of the connection or the server, so that it may be tried again.</summary>
    internal static bool IsOutage(Exception exception, CancellationToken cancellationToken) =>
        exception is RpcException or IOException or ObjectDisposedException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    /// <summary>Whether etcd answered, and would not do it: for the same connection, or another one, the answer is the same.</summary>
    internal static bool IsRefusal(Exception? exception) =>
        exception is RpcException
        {
            StatusCode: StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.NotFound,
        }
        || IsFull(exception);

    /// <summary>Whether etcd takes no writes any more, only deletes: its database has reached its quota (alarm NOSPACE).</summary>
    internal static bool IsFull(Exception? exception) =>
        exception is RpcException { StatusCode: StatusCode.ResourceExhausted, Status.Detail: var detail } && detail.Contains("database space exceeded", StringComparison.Ordinal);

    /// <summary>Why a call failed, in one line.</summary>
    internal static string Describe(Exception exception) => exception switch
    {
        RpcException when IsFull(exception) =>
            "etcd is full (alarm NOSPACE): its database has reached --quota-backend-bytes, and it takes deletes only; etcdctl compact, etcdctl defrag, then etcdctl alarm disarm",
        RpcException { StatusCode: StatusCode.PermissionDenied } => "permission denied: the role of kamrpc's user in etcd does not allow it; etcdctl role grant-permission",
        RpcException { StatusCode: StatusCode.InvalidArgument, Status.Detail: var detail } when detail.Contains("user name is empty", StringComparison.Ordinal) =>
            "etcd wants to know who asks; --etcd-user and --etcd-password-file, or --etcd-cert and --etcd-key",

        // "Connection refused" and what is wrong with a certificate say more than the status, "Error connecting to subchannel".
        RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Internal, Status.DebugException: { } connecting } => Innermost(connecting),
        RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
        OperationCanceledException => "no answer in time",
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

    /// <summary>
    /// A call failed by an outage, because of this exception if it is known. The next endpoint is used from now on; where there is one only,
    /// a new channel to it is opened when nothing has succeeded for a while. Calls under way on the old one fail.
    /// </summary>
    internal void Failed(Exception? cause = null)
    {
        if (IsRefusal(cause))
        {
            return;
        }

        lock (_lock)
        {
            var now = _timeProvider.GetTimestamp();
            _failingSince ??= now;
            if (_endpoints.Length > 1
                ? _timeProvider.GetElapsedTime(_openedAt, now) >= Aftermath
                : _timeProvider.GetElapsedTime(_failingSince.Value, now) >= Suspicion)
            {
                _failingSince = now;
                MoveOn();
            }
        }
    }

    /// <summary>Uses the next endpoint from now on.</summary>
    internal void MoveOn()
    {
        lock (_lock)
        {
            using var suspect = _client;
            _current = (_current + 1) % _endpoints.Length;
            _client = Open();
        }
    }

    /// <summary>Has certificates and passwords read again: a new connection is opened, beside the old one for as long as calls over that may take.</summary>
    internal void ReadFilesAgain()
    {
        lock (_lock)
        {
            _token?.Forget(_token.Current);
            _ = RetireAsync(_client);
            _client = Open();
        }
    }

    private async Task RetireAsync(EtcdClient client)
    {
        await Task.Delay(2 * CallTimeout, _timeProvider).ConfigureAwait(false);
        client.Dispose();
    }

    private static string Innermost(Exception exception)
    {
        var innermost = exception.GetBaseException();

        // With TLS 1.3 a server that misses a certificate ends the connection after the handshake, and .NET does not say why.
        return innermost is ObjectDisposedException || innermost.Message.Contains("alert", StringComparison.Ordinal)
            ? "etcd ended the TLS connection; if it asks clients for a certificate, --etcd-cert and --etcd-key have to name one that it trusts"
            : exception.Message.Contains(innermost.Message, StringComparison.Ordinal) ? exception.Message
            : innermost.Message;
    }

    private EtcdClient Open()
    {
        _openedAt = _timeProvider.GetTimestamp();
        var endpoint = _endpoints[_current];
        EtcdLog.Connecting(_logger, endpoint);
        EtcdClient? client = null;
        Interceptor[] interceptors = _token is null ? [] : [new TokenInterceptor(_token, () => client!.GetConnection().AuthClient)];

        // The constructor for http speaks plaintext to https endpoints too.
        client = endpoint.IsSecure
            ? new EtcdClient(endpoint.ConnectionString, _secrets.Configure, configureChannelOptions: Configure, interceptors: interceptors)
            : new EtcdClient(endpoint.ConnectionString, configureChannelOptions: Configure, interceptors: interceptors);
        return client;
    }

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
