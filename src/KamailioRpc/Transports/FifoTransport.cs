using StreamJsonRpc;

namespace KamailioRpc.Transports;

/// <summary>The FIFO of Kamailio's jsonrpcs module.</summary>
internal sealed class FifoTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    public KamailioAddress Address => address;

    /// <summary>A FIFO's times change with every request.</summary>
    public string Peer => string.Empty;

    public bool IsOneShot => false;

    public ValueTask<IJsonRpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new(new FifoMessageHandler(address, ReplyFifo.Open(address.Path!, options.FifoReplyDirectory), options.MaxReplyLength));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KamailioUnreachableException(address, exception.Message, exception);
        }
    }
}
