using KamailioRpc.Transports.Fifo;

namespace KamailioRpc.Transports;

/// <summary>Chooses the transport for an address.</summary>
internal static class RpcTransports
{
    public static IRpcTransport Of(KamailioAddress address, RpcClientOptions options) => address.Transport switch
    {
        RpcTransport.UnixDatagram => new UnixDatagramTransport(address, options),
        RpcTransport.Udp => new UdpTransport(address, options),
        RpcTransport.Fifo => new FifoTransport(address, options),
        RpcTransport.UnixStream or RpcTransport.Tcp => new StreamTransport(address, options),
        RpcTransport.Http => new HttpTransport(address, options),
        _ => throw new NotSupportedException($"There is no transport for {address}."),
    };
}
