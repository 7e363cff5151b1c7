namespace KamailioRpc.Connections;

/// <summary>The connections to one Kamailio: those that a call goes over, and those that wait for the next one. Thread-safe.</summary>
internal sealed class ConnectionPool : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<RpcConnection> _open = [];
    private readonly Stack<RpcConnection> _idle = [];

    /// <summary>A new one, over which a call goes.</summary>
    public RpcConnection Add(RpcConnection connection)
    {
        lock (_gate)
        {
            _open.Add(connection);
        }

        return connection;
    }

    /// <summary>One that can be used again; null for none.</summary>
    public RpcConnection? TakeIdle()
    {
        lock (_gate)
        {
            while (_idle.TryPop(out var connection))
            {
                // One that was aborted is not used again, nor is one that the other side closed meanwhile.
                if (connection.IsUsable)
                {
                    return connection;
                }

                _open.Remove(connection);
                connection.Abandon();
            }

            return null;
        }
    }

    /// <summary>A call over it was answered: the next one may use it, unless it is good for one only.</summary>
    public async ValueTask KeepAsync(RpcConnection connection, bool isOneShot, RepeatedCall call, RpcClientOptions options)
    {
        if (call.IsOwedReplies)
        {
            // Not used again before Kamailio has nothing more to say over it, and not closed either: it would log that nobody takes its reply.
            _ = KeepWhenSettledAsync(connection, call, options);
        }
        else if (isOneShot)
        {
            await GiveUpAsync(connection).ConfigureAwait(false);
        }
        else
        {
            Keep(connection);
        }
    }

    /// <summary>Closes one over which a call was not answered.</summary>
    public async Task GiveUpAsync(RpcConnection connection)
    {
        lock (_gate)
        {
            _open.Remove(connection);
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What is sent over any of them is not answered any more: calls that wait for it end.</summary>
    public void Abort()
    {
        RpcConnection[] open;
        lock (_gate)
        {
            open = [.. _open];
        }

        foreach (var connection in open)
        {
            connection.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        RpcConnection[] open;
        lock (_gate)
        {
            open = [.. _open];
            _open.Clear();
            _idle.Clear();
        }

        await Task.WhenAll(open.Select(static connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
    }

    private void Keep(RpcConnection connection)
    {
        lock (_gate)
        {
            _idle.Push(connection);
        }
    }

    private async Task KeepWhenSettledAsync(RpcConnection connection, RepeatedCall call, RpcClientOptions options)
    {
        if (await call.SettleAsync(options.Timeout, options.TimeProvider).ConfigureAwait(false))
        {
            Keep(connection);
        }
        else
        {
            await GiveUpAsync(connection).ConfigureAwait(false);
        }
    }
}
