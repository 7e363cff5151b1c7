using System.Net;
using System.Net.Sockets;
using KamailioRpc.Binrpc;
using KamailioRpc.Json;

namespace KamailioRpc.Transports;

/// <summary>UDP to Kamailio's jsonrpcs or ctl module. The socket is connected: the kernel takes datagrams from Kamailio's address only.</summary>
internal sealed class UdpTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    private const int MaxDatagram = 64 * 1024;

    public KamailioAddress Address => address;

    public string Peer => string.Empty;

    public bool IsOneShot => false;

    public async ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            var hosts = await NameResolver.Shared.FindAsync(address.Host!, NameResolver.Patience, cancellationToken).ConfigureAwait(false);
            socket = new Socket(hosts[0].AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(hosts[0], address.Port, cancellationToken).ConfigureAwait(false);
            if (address.Protocol == RpcProtocol.JsonRpc)
            {
                return new DatagramMessageHandler(socket, socket, MaxDatagram, framing: null, new JsonRpcFormatter());
            }

            // ctl sends a reply in pieces of up to 96 structures, some 30 destinations, without a number on any: only on this machine is their order sure.
            return new DatagramMessageHandler(
                socket, socket, MaxDatagram, IPAddress.IsLoopback(hosts[0]) ? new BinrpcFraming(options.MaxReplyLength) : null, new BinrpcFormatter());
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new KamailioUnreachableException(address, SocketFile.Reason(address, exception), exception);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }
}
