using System.Net;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Push.Guards;

/// <summary>Whether a call to an address would come back to Kamailio, which sends it there again until no hop is left.</summary>
internal static class OwnSockets
{
    /// <summary>The socket on which Kamailio itself listens there; null for none.</summary>
    /// <param name="sockets">Kamailio's.</param>
    /// <param name="uri">Says the port and the transport.</param>
    /// <param name="address">An address of its host.</param>
    /// <param name="isOnItsHost">Whether an address is one of Kamailio's machine, for sockets that listen on all of these.</param>
    public static KamailioSocket? Find(IEnumerable<KamailioSocket> sockets, SipUri uri, IPAddress address, Func<IPAddress, bool> isOnItsHost) =>
        sockets.FirstOrDefault(socket => socket.Port == uri.Port
            && IsSameTransport(socket.Protocol, uri.Transport)
            && IPAddress.TryParse(socket.Address.Trim('[', ']'), out var listening)
            && (listening.Equals(address) || (IsAny(listening) && listening.AddressFamily == address.AddressFamily && isOnItsHost(address))));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static bool IsSameTransport(string protocol, SipTransport transport) => transport switch
    {
        SipTransport.Udp => Is(protocol, "udp"),
        SipTransport.Tcp or SipTransport.Ws => Is(protocol, "tcp") || Is(protocol, "ws"),
        SipTransport.Tls or SipTransport.Wss => Is(protocol, "tls") || Is(protocol, "wss"),
        _ => Is(protocol, "sctp"),
    };

    private static bool Is(string protocol, string name) => protocol.Equals(name, StringComparison.OrdinalIgnoreCase);
}
