using System.Net.Sockets;
using KamailioRpc.Binrpc;
using KamailioRpc.Errors;
using KamailioRpc.Json;

namespace KamailioRpc.Transports;

/// <summary>The Unix datagram socket of Kamailio's jsonrpcs or ctl module.</summary>
internal sealed class UnixDatagramTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    /// <summary>Kamailio's largest datagram reply is 128 KiB; one byte more would show that a reply was cut.</summary>
    private const int MaxDatagram = (128 * 1024) + 1;

    public KamailioAddress Address => address;

    public string InstanceToken => SocketFile.Incarnation(address.Path!);

    public bool IsOneShot => false;

    public ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        SocketFile.Require(address);
        try
        {
            var connection = Connect();

            // ctl sends a reply in pieces of up to 96 structures; Unix datagrams keep their order.
            return new(address.Protocol == RpcProtocol.BinRpc
                ? new DatagramMessageHandler(connection.Socket, connection, MaxDatagram, new BinrpcFraming(options.MaxReplyLength), new BinrpcFormatter())
                : new DatagramMessageHandler(connection.Socket, connection, MaxDatagram, framing: null, new JsonRpcFormatter()));
        }
        catch (SocketException exception)
        {
            throw new KamailioUnreachableException(address, SocketFile.Reason(address, exception), exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw KamailioUnreachableException.WithoutReplies(address, exception);
        }
    }

    private ReplySocket Connect()
    {
        try
        {
            return ReplySocket.Connect(address.Path!, options.ReplyDirectory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && options.SpareReplyDirectory is not null && !Directory.Exists(options.ReplyDirectory))
        {
            return ReplySocket.Connect(address.Path!, options.SpareReplyDirectory);
        }
    }
}
