using System.Net.Security;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>The connection to etcd, over which all calls go.</summary>
/// <remarks>
/// dotnet-etcd's own watch manager and keep-alive loops end silently in several outages (a server that hangs for over two minutes, a
/// compacted revision), so the loops are in <c>MembershipWatch</c> and <c>LeaseKeeper</c>. It also spreads calls over all
/// endpoints, so that of three of which one hangs every third call would wait in vain; here one endpoint is used until a call fails.
/// A call without an answer says nothing of the server, only of the connection, which a load balancer or a connection tracker may have
/// forgotten: another one is opened beside it at once, and what the first one still carries goes on.
/// </remarks>
public sealed class EtcdStore : IDisposable
{
    /// <summary>How long a single call may take before the server counts as gone.</summary>
    internal static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(2);

    /// <summary>After failing for so long another connection is tried, unless somebody has less time.</summary>
    internal static readonly TimeSpan DefaultSuspicion = TimeSpan.FromSeconds(2);

    /// <summary>About how long to wait before trying again what failed.</summary>
    internal static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>Whoever answers as etcd may say anything.</summary>
    private const int LongestDetail = 400;

    private readonly Lock _lock = new();
    private readonly EtcdEndpoints[] _endpoints;
    private readonly EtcdDialer[] _dialers;
    private readonly List<EtcdLine> _retired = [];
    private readonly Func<EtcdToken?> _newToken;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private volatile EtcdLine _line;
    private EtcdToken? _token;
    private int _current;
    private long? _failingSince;
    private bool _isDisposed;

    /// <summary>Whether etcd did not take the files the last time that they were read again.</summary>
    private bool _areFilesRefused;

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
        var secrets = new EtcdSecrets(connection, _logger);
        if (Endpoints.IsSecure)
        {
            // What is bad is told at once, and not by every connection that fails.
            secrets.Configure(new SslClientAuthenticationOptions(), string.Empty);
        }

        _newToken = () => connection.User is { } user ? new EtcdToken(user, secrets, timeProvider) : null;
        _token = _newToken();
        _dialers = [.. _endpoints.Select(endpoint => new EtcdDialer(endpoint, secrets, SslApplicationProtocol.Http2))];
        _line = Open(_current, _token);
    }

    public EtcdEndpoints Endpoints { get; }

    /// <summary>After failing for so long another connection is tried: a part of the time that somebody's keys live.</summary>
    internal TimeSpan Suspicion { get; init; } = DefaultSuspicion;

    internal int EndpointCount => _endpoints.Length;

    /// <summary>Who answers at the endpoint in use in place of etcd; null where nobody was seen to.</summary>
    internal string? Stranger => _dialers[Volatile.Read(ref _current)].Stranger;

    internal KV.KVClient Keys => _line.Keys;

    internal Lease.LeaseClient Leases => _line.Leases;

    internal Maintenance.MaintenanceClient Maintenance => _line.Maintenance;

    /// <summary>Another pause each time, so that many that lost etcd at the same moment do not come back at the same moment.</summary>
    internal static TimeSpan RetryPause => RetryDelay * (0.5 + Random.Shared.NextDouble());

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
        (exception is RpcException
        {
            StatusCode: StatusCode.PermissionDenied or StatusCode.Unauthenticated or StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.NotFound,
        }
        && !IsOfMember(exception))
        || IsFull(exception);

    /// <summary>Whether the member of etcd that answered serves nobody, so that another one has to be asked: a learner does not (FailedPrecondition from 3.6 on, Unavailable before).</summary>
    internal static bool IsOfMember(Exception? exception) => exception is RpcException { Status.Detail: var detail } && detail.Contains("not supported for learner", StringComparison.Ordinal);

    /// <summary>Whether etcd takes no writes any more, only deletes: its database has reached its quota (alarm NOSPACE).</summary>
    internal static bool IsFull(Exception? exception) =>
        exception is RpcException { StatusCode: StatusCode.ResourceExhausted, Status.Detail: var detail } && detail.Contains("database space exceeded", StringComparison.Ordinal);

    /// <summary>
    /// Whether etcd refused a call because of some of its keys, or of their number, so that it may take the same call with fewer: a user's roles are looked
    /// at key by key, and one that is not allowed keeps the whole transaction from being carried out (3.4 and 3.5, <c>checkTxnAuth</c>).
    /// </summary>
    internal static bool IsOfKeys(Exception? exception) =>
        exception is RpcException { StatusCode: StatusCode.PermissionDenied }
        || (exception is RpcException { StatusCode: StatusCode.InvalidArgument, Status.Detail: var detail } && detail.Contains("too many operations", StringComparison.Ordinal));

    /// <summary>Why a call failed, in one line.</summary>
    internal static string Describe(Exception exception) => exception switch
    {
        RpcException when IsFull(exception) =>
            "etcd is full (alarm NOSPACE): its database has reached --quota-backend-bytes, and it takes deletes only; etcdctl compact, etcdctl defrag, then etcdctl alarm disarm",
        RpcException { StatusCode: StatusCode.PermissionDenied } => "permission denied: the role of kamrpc's user in etcd does not allow it; etcdctl role grant-permission",
        RpcException { StatusCode: StatusCode.InvalidArgument, Status.Detail: var detail } when detail.Contains("user name is empty", StringComparison.Ordinal) =>
            "etcd wants to know who asks; --etcd-user and --etcd-password-file, or --etcd-cert and --etcd-key",

        RpcException when IsOfMember(exception) => "this member of etcd is a learner, which serves nobody; etcdctl member promote, or leave it out of --etcd",

        // "Connection refused" and what is wrong with a certificate say more than the status, "Error connecting to subchannel".
        RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Internal, Status.DebugException: { } connecting } => Innermost(connecting),
        RpcException { Status.Detail: var detail } when Redirection(detail) is { } redirected => redirected,
        RpcException rpc => $"{rpc.StatusCode}: {MemberRules.Shorten(rpc.Status.Detail, LongestDetail)}",
        OperationCanceledException => "no answer in time",
        _ => exception.Message,
    };

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _line.Dispose();
            _retired.ForEach(static line => line.Dispose());
            _retired.Clear();
        }
    }

    /// <summary>The connection that is used now, which stays open until it is left.</summary>
    internal EtcdLine Hold()
    {
        lock (_lock)
        {
            _line.Enter();
            return _line;
        }
    }

    /// <summary>A call succeeded that was begun then.</summary>
    internal void Succeeded(long begun)
    {
        lock (_lock)
        {
            if (begun >= _line.OpenedAt)
            {
                _failingSince = null;
                _line.HasAnswered = true;
            }
        }
    }

    /// <summary>
    /// A call that was begun then failed by an outage, because of this exception if it is known. Of several endpoints the next is used from now
    /// on; where there is one only, a new connection to it is opened: at once if there was no answer, and else when nothing has succeeded for a
    /// while. One that has never answered has that while too, so that a server that hangs is not flooded.
    /// </summary>
    internal void Failed(Exception? cause, long begun)
    {
        if (IsRefusal(cause))
        {
            return;
        }

        lock (_lock)
        {
            if (begun < _line.OpenedAt)
            {
                // It went over an earlier one.
                return;
            }

            var now = _timeProvider.GetTimestamp();
            _failingSince ??= now;
            if (_endpoints.Length > 1 || IsOfMember(cause) || (IsUnanswered(cause) && _line.HasAnswered) || _timeProvider.GetElapsedTime(_failingSince.Value, now) >= Suspicion)
            {
                Replace(IsUnanswered(cause) || IsOfMember(cause));
            }
        }
    }

    /// <summary>Uses the next endpoint from now on.</summary>
    internal void MoveOn()
    {
        lock (_lock)
        {
            Replace(avoidWay: true);
        }
    }

    /// <summary>Has certificates and passwords read again now: a new connection takes the place of this one, if etcd takes it.</summary>
    /// <param name="key">One that may be read, which tells whether it does.</param>
    internal async Task ReadFilesAgainAsync(string key)
    {
        var token = _newToken();
        EtcdLine line;
        int endpoint;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            endpoint = _current;
            line = Open(endpoint, token);
        }

        var refusal = await RefusalAsync(line, key).ConfigureAwait(false);
        var isMended = false;
        lock (_lock)
        {
            isMended = _areFilesRefused && refusal is null;
            _areFilesRefused = refusal is not null;
            if (_isDisposed || refusal is not null)
            {
                line.Dispose();
            }
            else
            {
                _token = token;
                line.HasAnswered = true;
                Replace(avoidWay: false, endpoint, line);
            }
        }

        if (refusal is not null)
        {
            EtcdLog.NewConnectionRefused(_logger, _endpoints[endpoint], refusal);
        }
        else if (isMended)
        {
            EtcdLog.NewConnectionTaken(_logger, _endpoints[endpoint]);
        }
    }

    private static bool IsUnanswered(Exception? cause) =>
        cause is OperationCanceledException or RpcException { StatusCode: StatusCode.DeadlineExceeded or StatusCode.Cancelled };

    /// <summary>Why etcd does not answer over this connection as it is to; null if it does.</summary>
    private static async Task<string?> RefusalAsync(EtcdLine line, string key)
    {
        // Whether the cluster has a leader says nothing of the connection.
        var request = new RangeRequest { Key = ByteString.CopyFromUtf8(key), KeysOnly = true, Serializable = true };
        try
        {
            await line.Keys.RangeAsync(request, Options(CancellationToken.None)).ConfigureAwait(false);
            return null;
        }
        catch (Exception exception) when (IsOutage(exception, CancellationToken.None))
        {
            return Describe(exception);
        }
    }

    private void Replace(bool avoidWay)
    {
        if (!_isDisposed)
        {
            var next = (_current + 1) % _endpoints.Length;
            Replace(avoidWay, next, Open(next, _token));
        }
    }

    private void Replace(bool avoidWay, int endpoint, EtcdLine line)
    {
        var suspect = _line;
        _failingSince = null;
        _current = endpoint;
        suspect.Suspect(avoidWay);
        line.OpenedAt = _timeProvider.GetTimestamp();
        _line = line;
        _retired.Add(suspect);
        _ = RetireAsync(suspect);
    }

    /// <summary>Plain calls that are under way have all ended then, one way or the other.</summary>
    private async Task RetireAsync(EtcdLine line)
    {
        await Task.Delay(CallTimeout, _timeProvider).ConfigureAwait(false);
        lock (_lock)
        {
            if (_retired.Remove(line))
            {
                line.Leave();
            }
        }
    }

    private EtcdLine Open(int endpoint, EtcdToken? token)
    {
        EtcdLog.Connecting(_logger, _endpoints[endpoint]);
        return new EtcdLine(_endpoints[endpoint], _dialers[endpoint], token, _timeProvider.GetTimestamp());
    }

    private static string? Redirection(string detail)
    {
        const string Answer = "Bad gRPC response. HTTP status code: ";
        return detail.StartsWith(Answer + "3", StringComparison.Ordinal)
            ? $"it redirects elsewhere (HTTP status {detail[Answer.Length..]}), which is not followed: give the address of etcd itself"
            : detail.StartsWith(Answer, StringComparison.Ordinal) ? $"what answers there is not etcd (HTTP status {detail[Answer.Length..]}): give the address of etcd itself"
            : null;
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
}
