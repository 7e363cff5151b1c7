using System.Net.Security;
using Etcdserverpb;
using KamRpcDispatcher.Etcd.Connection.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>The connection to etcd, over which all calls go.</summary>
/// <remarks>
/// dotnet-etcd's own watch manager and keep-alive loops end silently in several outages (a server that hangs for over two minutes, a
/// compacted revision), so the loops are in <c>KeyWatch</c> and <c>LeaseKeeper</c>. It also spreads calls over all
/// endpoints, so that of three of which one hangs every third call would wait in vain; here one endpoint is used until a call fails.
/// A call without an answer says nothing of the server, only of the connection, which a load balancer or a connection tracker may have
/// forgotten: another one is opened beside it at once, and what the first one still carries goes on.
/// </remarks>
public sealed class EtcdConnection : IDisposable
{
    /// <summary>After failing for so long another connection is tried, unless somebody has less time.</summary>
    internal static readonly TimeSpan DefaultSuspicion = TimeSpan.FromSeconds(2);

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
    public EtcdConnection(EtcdEndpoints endpoints, TimeProvider timeProvider)
        : this(new EtcdOptions(endpoints), timeProvider)
    {
    }

    /// <exception cref="InvalidDataException">A file of the connection is bad.</exception>
    public EtcdConnection(EtcdOptions connection, TimeProvider timeProvider, ILogger<EtcdConnection>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Endpoints = connection.Endpoints;
        _endpoints = [.. Endpoints.Each()];
        _timeProvider = timeProvider;
        _logger = logger ?? (ILogger)NullLogger.Instance;
        var secrets = new EtcdCredentials(connection, _logger);
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
        if (EtcdFailure.IsRefusal(cause))
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
            if (_endpoints.Length > 1 || EtcdFailure.IsOfMember(cause) || (EtcdFailure.IsUnanswered(cause) && _line.HasAnswered) || _timeProvider.GetElapsedTime(_failingSince.Value, now) >= Suspicion)
            {
                Replace(EtcdFailure.IsUnanswered(cause) || EtcdFailure.IsOfMember(cause));
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

        var refusal = await line.RefusalAsync(key).ConfigureAwait(false);
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
        await Task.Delay(EtcdCall.Timeout, _timeProvider).ConfigureAwait(false);
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
}
