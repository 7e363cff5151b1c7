using System.Net.Sockets;
using System.Text.Json;
using StreamJsonRpc;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Calls one Kamailio over one transport, one call at a time.</summary>
/// <remarks>
/// A connection on which a call was not answered is given up, its reply address with it: a reply that comes late finds nobody and can
/// never be taken for the answer to a later call.
/// </remarks>
internal sealed class RpcClient(IRpcTransport transport, TimeSpan timeout, TimeProvider timeProvider) : IRpcClient
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile Connection? _connection;

    public string Peer => transport.Peer;

    /// <summary>
    /// Kamailio's socket was made anew: what was sent over the connection of before is not answered any more. A call that waits for its
    /// reply ends at once, its outcome unknown. From any thread.
    /// </summary>
    public void Orphan() => _connection?.Orphaned.TrySetResult();

    public async Task<JsonElement> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_connection is { Orphaned.Task.IsCompleted: true })
            {
                await GiveUpConnectionAsync().ConfigureAwait(false);
            }

            if (_connection is { } open)
            {
                try
                {
                    return await InvokeOnceAsync(open, method, arguments, cancellationToken).ConfigureAwait(false);
                }
                catch (KamailioUnreachableException)
                {
                    // The socket was another Kamailio's, one that has gone: the request was not delivered, so it may be sent again.
                }
            }

            var connection = _connection = Connect();
            return await InvokeOnceAsync(connection, method, arguments, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await GiveUpConnectionAsync().ConfigureAwait(false);
        _turn.Dispose();
    }

    private async Task<JsonElement> InvokeOnceAsync(Connection connection, string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken)
    {
        try
        {
            var reply = connection.Rpc.InvokeWithCancellationAsync<JsonElement>(method, arguments, CancellationToken.None);
            var first = await Task.WhenAny(reply, connection.Orphaned.Task).WaitAsync(timeout, timeProvider, cancellationToken).ConfigureAwait(false);
            return first == reply ? await reply.ConfigureAwait(false) : throw new KamailioRestartedException(method);
        }
        catch (RemoteInvocationException fault)
        {
            throw new KamailioFaultException(method, fault.ErrorCode, fault.Message);
        }
        catch (Exception exception)
        {
            await GiveUpConnectionAsync().ConfigureAwait(false);
            throw Translate(exception, method);
        }
    }

    private Exception Translate(Exception exception, string method)
    {
        // StreamJsonRpc wraps what the message handler threw.
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case OperationCanceledException when ReferenceEquals(cause, exception):
                case KamailioRpcException:
                    return cause;
                case TimeoutException:
                    return new KamailioTimeoutException(method, timeout);
                case SocketException:
                    return new KamailioUnreachableException(transport.Address, cause.Message, exception);
            }
        }

        return new KamailioGarbledReplyException(exception.Message, exception);
    }

    private Connection Connect()
    {
        var rpc = new JsonRpc(transport.Connect())
        {
            // The default one would send Kamailio "$/cancelRequest", which it does not know.
            CancellationStrategy = null,
        };
        rpc.StartListening();
        return new Connection(rpc);
    }

    private async Task GiveUpConnectionAsync()
    {
        if (_connection is { } connection)
        {
            _connection = null;
            connection.Rpc.Dispose();

            // Faults with whatever ended the connection; what matters here is that its socket is gone.
            await connection.Rpc.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private sealed record Connection(JsonRpc Rpc)
    {
        public TaskCompletionSource Orphaned { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
