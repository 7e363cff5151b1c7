using StreamJsonRpc;

namespace KamailioRpc;

/// <summary>One connection to Kamailio, with the calls under way on it.</summary>
internal sealed class RpcConnection : IAsyncDisposable
{
    private volatile bool _isOrphaned;

    public RpcConnection(IJsonRpcMessageHandler handler)
    {
        Rpc = new JsonRpc(handler)
        {
            // The default one would send Kamailio "$/cancelRequest", which it does not know.
            CancellationStrategy = null,
        };
        Rpc.StartListening();
    }

    public JsonRpc Rpc { get; }

    /// <summary>Whether the Kamailio at its other end is known to have gone.</summary>
    public bool IsOrphaned => _isOrphaned;

    public bool IsUsable => !_isOrphaned && !Rpc.Completion.IsCompleted;

    /// <summary>What ended it, once it has ended; null where the other side closed it. A call that was under way then is told only that the connection was lost.</summary>
    public Exception? Failure => Rpc.Completion.Exception?.InnerException;

    /// <summary>Ends the calls that wait for replies.</summary>
    public void Orphan()
    {
        _isOrphaned = true;
        Rpc.Dispose();
    }

    /// <summary>Closes it without waiting for the end.</summary>
    public void Abandon() => Rpc.Dispose();

    public async ValueTask DisposeAsync()
    {
        Rpc.Dispose();

        // Faults with whatever ended the connection; what matters here is that its socket is gone.
        await Rpc.Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
