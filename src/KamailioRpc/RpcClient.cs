using System.Net.Sockets;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamailioRpc.Transports;
using StreamJsonRpc;

namespace KamailioRpc;

/// <summary>Calls one Kamailio over one transport. Thread-safe.</summary>
/// <remarks>
/// A connection on which a call was not answered is given up, its reply address with it: a reply that comes late finds nobody and can
/// never be taken for the answer to a later call.
/// </remarks>
public sealed class RpcClient : IRpcClient
{
    private const int UnknownMethod = -32601;

    private readonly IRpcTransport _transport;
    private readonly RpcClientOptions _options;
    private readonly SemaphoreSlim _turn;
    private readonly ConnectionPool _connections = new();
    private readonly WriterWatch _watch;
    private int _waiting;

    /// <summary>Null as soon as a call was answered: Kamailio is there.</summary>
    private volatile KamailioStranger? _stranger;

    /// <param name="address">Where Kamailio listens.</param>
    /// <param name="options">Times and limits; null for the defaults.</param>
    public RpcClient(KamailioAddress address, RpcClientOptions? options = null)
        : this(address, options ??= new RpcClientOptions(), RpcTransports.Of(address, options))
    {
    }

    internal RpcClient(KamailioAddress address, RpcClientOptions options, IRpcTransport transport)
    {
        _options = options;
        _transport = transport;
        _watch = new WriterWatch(address, _options.TimeProvider);
        _stranger = _options.NamesStrangers ? new KamailioStranger(address, _options) : null;
        var calls = address.TakesConnectionsInTurn ? 1 : _options.MaxConcurrentCalls;
        _turn = new SemaphoreSlim(calls, calls);
    }

    /// <inheritdoc/>
    public KamailioAddress Address => _transport.Address;

    /// <inheritdoc/>
    public string InstanceToken => _transport.InstanceToken;

    /// <inheritdoc/>
    public Unanswered? Unanswered => _watch.Unanswered;

    /// <summary>
    /// Kamailio's socket was made anew: what was sent over the connections of before is not answered any more. A call that waits for its
    /// reply ends at once, its outcome unknown. From any thread.
    /// </summary>
    public void AbortConnections()
    {
        _watch.Gone();
        _connections.Abort();
    }

    /// <inheritdoc/>
    public async Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (_connections.TakeIdle() is { } idle)
            {
                try
                {
                    return await InvokeOnceAsync(idle, method, arguments, cancellationToken).ConfigureAwait(false);
                }
                catch (KamailioUnreachableException)
                {
                    // The socket was another Kamailio's, one that has gone: the request was not delivered, so it may be sent again.
                }
            }

            for (var tried = 1; ; tried++)
            {
                try
                {
                    return await InvokeOnceAsync(await ConnectAsync(cancellationToken).ConfigureAwait(false), method, arguments, cancellationToken).ConfigureAwait(false);
                }
                catch (KamailioUnreachableException) when (tried < _transport.Ways)
                {
                    // It was not delivered, and the name has another address.
                }
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }

    /// <summary>Each call before this one ends by its time-outs, so the wait is as bounded as their number.</summary>
    private async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        if (_turn.Wait(0, cancellationToken))
        {
            return;
        }

        try
        {
            if (Interlocked.Increment(ref _waiting) > _options.MaxWaitingCalls)
            {
                throw KamailioUnreachableException.QueueFull(Address, _options.MaxWaitingCalls);
            }

            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<RpcResult> InvokeOnceAsync(RpcConnection connection, string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        var sent = _options.TimeProvider.GetTimestamp();
        var call = new RepeatedCall(connection.Rpc, method, arguments);
        try
        {
            var result = await call.InvokeAsync(
                RepeatableCalls.Include(Address.Transport, method) ? _options.RepeatAfter : null, _options.Timeout, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            await AnsweredAsync(connection, call, method, sent).ConfigureAwait(false);
            return result;
        }
        catch (RemoteRpcException fault) when (FaultCode(fault) is { } code)
        {
            await AnsweredAsync(connection, call, method, sent).ConfigureAwait(false);
            throw new KamailioFaultException(method, code, fault.Message);
        }
        catch (Exception exception)
        {
            await _connections.GiveUpAsync(connection).ConfigureAwait(false);
            var failure = Translate(exception is ConnectionLostException ? connection.Failure ?? exception : exception, method, connection);
            Note(failure, method, sent);
            throw _stranger is { } stranger ? await stranger.ExplainAsync(failure, method, cancellationToken).ConfigureAwait(false) : failure;
        }
    }

    /// <summary>The code of a fault that Kamailio answered; null for what ended a call otherwise. Of -32601 and -32602 StreamJsonRpc makes another exception.</summary>
    private static int? FaultCode(RemoteRpcException fault) => fault switch
    {
        RemoteInvocationException invocation => invocation.ErrorCode,
        RemoteMethodNotFoundException notFound => (int?)notFound.ErrorCode ?? UnknownMethod,
        _ => null,
    };

    private ValueTask AnsweredAsync(RpcConnection connection, RepeatedCall call, string method, long sent)
    {
        _stranger = null;
        _watch.Answered(method, sent);
        return _connections.KeepAsync(connection, _transport.IsOneShot, call, _options);
    }

    private void Note(Exception failure, string method, long sent)
    {
        switch (failure)
        {
            case KamailioTimeoutException:
                _watch.TimedOut(method, sent);
                break;
            case KamailioGoneException or KamailioUnreachableException { IsNobodyThere: true }:
                _watch.Gone();
                break;
        }
    }

    private Exception Translate(Exception exception, string method, RpcConnection connection)
    {
        if (exception is OperationCanceledException)
        {
            return exception;
        }

        if (connection.IsOrphaned)
        {
            return new KamailioGoneException(method, exception);
        }

        // StreamJsonRpc wraps what the message handler threw.
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case KamailioRpcException or NotSupportedException:
                    return cause;
                case TimeoutException:
                    return new KamailioTimeoutException(method, _options.Timeout, connection.Doubt);
                case SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted }:
                    return new KamailioGoneException(method, exception);
                case SocketException:
                    return new KamailioUnreachableException(Address, cause.Message, exception);
            }
        }

        // The other side closed the connection.
        return new KamailioGoneException(method, exception);
    }

    private async Task<RpcConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.Timeout, _options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return _connections.Add(new RpcConnection(await _transport.ConnectAsync(either.Token).ConfigureAwait(false)));
        }
        catch (KamailioUnreachableException unreachable)
        {
            Note(unreachable, string.Empty, 0);
            throw;
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KamailioUnreachableException(Address, $"no connection within {DurationText.Of(_options.Timeout)}", exception);
        }
    }
}
