using System.Net;
using System.Net.Sockets;
using KamailioRpc.Commands;

namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>Whether Kamailio has a socket from which it can send to an address at all.</summary>
/// <remarks>
/// It sends from a socket of the same transport and address family, over TCP and TLS too, where it takes that socket's address; where it has none,
/// nothing is sent (<c>get_send_socket2</c> in forward.c, the same in 5.6, 6.0 and 6.1): its pings fail without a packet. A websocket's is one of TCP or TLS.
/// </remarks>
internal static class SendingSockets
{
    /// <summary>As many of Kamailio's sockets are named.</summary>
    private const int MostNamed = 10;

    /// <summary>What is missing, such as <c>tls socket over IPv6</c>; null where there is one, or nobody knows.</summary>
    /// <param name="sockets">Kamailio's; none where it does not tell.</param>
    /// <param name="uri">Says the transport.</param>
    /// <param name="addresses">The addresses of its host; none where they are not known.</param>
    public static string? Missing(IReadOnlyList<KamailioSocket> sockets, SipUri uri, IReadOnlyCollection<IPAddress> addresses)
    {
        // Where a name leads over another transport name servers may say (NAPTR).
        if (uri is { Address: null, Transport: SipTransport.Udp })
        {
            return null;
        }

        var families = addresses.Select(static address => address.IsIPv4MappedToIPv6 ? AddressFamily.InterNetwork : address.AddressFamily).Distinct().ToList();
        if (sockets.Count == 0 || sockets.Any(socket => Carries(socket.Protocol, uri.Transport) && (families.Count == 0 || Family(socket) is not { } family || families.Contains(family))))
        {
            return null;
        }

        var transport = uri.Transport.ToString().ToLowerInvariant();
        return $"{transport} socket{(families is [var only] ? only == AddressFamily.InterNetworkV6 ? " over IPv6" : " over IPv4" : string.Empty)}";
    }

    /// <summary>The sockets, the first of many.</summary>
    public static string Told(IReadOnlyList<KamailioSocket> sockets) =>
        string.Join(", ", sockets.Take(MostNamed)) + (sockets.Count > MostNamed ? FormattableString.Invariant($" and {sockets.Count - MostNamed} more") : string.Empty);

    /// <summary>Null where it is told by a name.</summary>
    private static AddressFamily? Family(KamailioSocket socket) => IPAddress.TryParse(socket.Address.Trim('[', ']'), out var address) ? address.AddressFamily : null;

    /// <summary>A protocol that is not known may be any.</summary>
    private static bool Carries(string protocol, SipTransport transport) => protocol.ToUpperInvariant() switch
    {
        "UDP" => transport == SipTransport.Udp,
        "TCP" => transport is SipTransport.Tcp or SipTransport.Ws,
        "TLS" => transport is SipTransport.Tls or SipTransport.Ws or SipTransport.Wss,
        "WS" => transport == SipTransport.Ws,
        "WSS" => transport is SipTransport.Ws or SipTransport.Wss,
        "SCTP" => transport == SipTransport.Sctp,
        _ => true,
    };
}
