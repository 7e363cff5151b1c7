using System.Net;
using System.Net.Sockets;
using KamailioRpc.Binrpc;
using KamailioRpc.Json;
using StreamJsonRpc;

namespace KamailioRpc.Transports;

/// <summary>UDP to Kamailio's jsonrpcs or ctl module. The socket is connected: the kernel takes datagrams from Kamailio's address only.</summary>
internal sealed class UdpTransport(KamailioAddress address) : IRpcTransport
{
    private const int MaxDatagram = 64 * 1024;

    public KamailioAddress Address => address;

    public string Peer => string.Empty;

    public bool IsOneShot => false;

    public async ValueTask<IJsonRpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            var hosts = await Dns.GetHostAddressesAsync(address.Host!, cancellationToken).ConfigureAwait(false);
            socket = new Socket(hosts[0].AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(hosts[0], address.Port, cancellationToken).ConfigureAwait(false);
            IJsonRpcMessageFormatter formatter = address.Protocol == RpcProtocol.BinRpc ? new BinrpcFormatter() : new JsonRpcFormatter();
            return new DatagramMessageHandler(socket, socket, MaxDatagram, formatter);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new KamailioUnreachableException(address, exception.Message, exception);
        }
    }
}
