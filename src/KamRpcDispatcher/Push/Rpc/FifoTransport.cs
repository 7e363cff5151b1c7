using StreamJsonRpc;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Kamailio's JSON-RPC over the FIFO of its jsonrpcs module.</summary>
/// <param name="address">Kamailio's FIFO.</param>
/// <param name="replyDirectory">Kamailio's <c>fifo_reply_dir</c>.</param>
internal sealed class FifoTransport(KamailioAddress address, string replyDirectory) : IRpcTransport
{
    public string Address => address.ToString();

    /// <summary>A FIFO's times change with every request.</summary>
    public string Peer => string.Empty;

    public IJsonRpcMessageHandler Connect()
    {
        try
        {
            var fifo = ReplyFifo.Open(address.Path, replyDirectory);
            return new FifoMessageHandler(fifo, new JsonRpcFormatter(fifo.Name));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KamailioUnreachableException(Address, exception.Message, exception);
        }
    }
}
