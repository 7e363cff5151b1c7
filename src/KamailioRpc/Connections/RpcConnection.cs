using KamailioRpc.Transports;
using StreamJsonRpc;

namespace KamailioRpc.Connections;

/// <summary>One connection to Kamailio, with the calls under way on it.</summary>
internal sealed class RpcConnection : IAsyncDisposable
{
    /// <summary>Closing ends what is under way, so it takes no time; should it, the rest is left to itself.</summary>
    private static readonly TimeSpan LongestClose = TimeSpan.FromSeconds(2);

    private readonly RpcMessageHandler _handler;
    private volatile bool _isOrphaned;

    public RpcConnection(RpcMessageHandler handler)
    {
        _handler = handler;
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

    /// <summary>Whether another call may be made over it.</summary>
    public bool IsUsable => !_isOrphaned && !Rpc.Completion.IsCompleted && _handler.CanBeReplied;

    /// <summary>Why replies may not come, and what helps; null where nothing is known that keeps them.</summary>
    public string? Doubt => _handler.Doubt;

    /// <summary>What ended it, once it has ended; null where the other side closed it. A call that was under way then is told only that the connection was lost.</summary>
    public Exception? Failure => Rpc.Completion.Exception?.InnerException;

    /// <summary>Ends the calls that wait for replies.</summary>
    public void Abort()
    {
        _isOrphaned = true;
        Abandon();
    }

    /// <summary>Closes it without waiting for the end.</summary>
    public void Abandon()
    {
        _handler.Abort();
        Rpc.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Abandon();
        try
        {
            await Rpc.Completion.WaitAsync(LongestClose).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Faults with whatever ended the connection; what matters here is that its socket is gone.
        }
    }
}
