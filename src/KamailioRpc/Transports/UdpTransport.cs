using System.Net;
using System.Net.Sockets;
using KamailioRpc.Binrpc;
using KamailioRpc.Errors;
using KamailioRpc.Json;

namespace KamailioRpc.Transports;

/// <summary>UDP to Kamailio's jsonrpcs or ctl module. The socket is connected: the kernel takes datagrams from Kamailio's address only.</summary>
internal sealed class UdpTransport(KamailioAddress address, RpcClientOptions options, NameResolver? names = null) : IRpcTransport
{
    private const int MaxDatagram = 64 * 1024;

    /// <summary>Which of a name's addresses is next: Kamailio's socket is one of them.</summary>
    private int _refused;
    private volatile int _ways = 1;

    public KamailioAddress Address => address;

    public string InstanceToken => string.Empty;

    public bool IsOneShot => false;

    public int Ways => _ways;

    public async ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            var hosts = await (names ?? NameResolver.Shared).FindAsync(address.Host!, ResolvedConnection.Patience, cancellationToken).ConfigureAwait(false);
            _ways = hosts.Length;
            var host = hosts.OrderBy(static found => found.AddressFamily).ElementAt(Volatile.Read(ref _refused) % hosts.Length);
            socket = new Socket(host.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(host, address.Port, cancellationToken).ConfigureAwait(false);
            if (address.Protocol == RpcProtocol.JsonRpc)
            {
                return new DatagramMessageHandler(socket, socket, MaxDatagram, framing: null, new JsonRpcFormatter()) { Refused = Next };
            }

            // ctl sends a reply in pieces of up to 96 structures, some 30 destinations, without a number on any: only on this machine is their order sure.
            return new DatagramMessageHandler(
                socket, socket, MaxDatagram, IPAddress.IsLoopback(host) ? new BinrpcFraming(options.MaxReplyLength) : null, new BinrpcFormatter()) { Refused = Next };
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

    private void Next() => Interlocked.Increment(ref _refused);
}
