using KamailioRpc.Errors;

namespace KamailioRpc.Transports.Fifo;

/// <summary>The FIFO of Kamailio's jsonrpcs module.</summary>
internal sealed class FifoTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    public KamailioAddress Address => address;

    /// <summary>A FIFO's times change with every request.</summary>
    public string InstanceToken => string.Empty;

    public bool IsOneShot => false;

    public ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        var requests = Requests();
        try
        {
            return new(new FifoMessageHandler(address, requests, ReplyFifo.Make(options.FifoReplyDirectory, requests.Status), options.MaxReplyLength));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            requests.Dispose();
            throw KamailioUnreachableException.WithoutReplies(address, exception);
        }
        catch
        {
            requests.Dispose();
            throw;
        }
    }

    private RequestFifo Requests()
    {
        try
        {
            return RequestFifo.Open(address.Path!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KamailioUnreachableException(address, exception.Message, exception);
        }
    }
}
