using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace KamRpcDispatcher.Announce;

/// <summary>This machine's address, by the way to etcd or by the name of an interface.</summary>
public static class LocalAddress
{
    /// <summary>Finds the address of the interface that the machine would use to reach a server; sends nothing.</summary>
    /// <exception cref="SocketException">The server's name has no address, or there is no way to it.</exception>
    public static IPAddress Towards(Uri server)
    {
        ArgumentNullException.ThrowIfNull(server);
        SocketException? failure = null;
        foreach (var remote in Dns.GetHostAddresses(server.IdnHost))
        {
            try
            {
                // Connecting a datagram socket only looks up the route.
                using var socket = new Socket(remote.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
                socket.Connect(remote, server.Port);
                var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
                return local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local;
            }
            catch (SocketException exception)
            {
                failure = exception;
            }
        }

        throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>The addresses of an interface that others can reach, IPv4 before IPv6; null when there is no such interface.</summary>
    public static IReadOnlyList<IPAddress>? OfInterface(string name)
    {
        var found = Array.Find(NetworkInterface.GetAllNetworkInterfaces(), candidate => candidate.Name == name);
        return found?.GetIPProperties().UnicastAddresses
            .Select(static unicast => unicast.Address)
            .Where(static address => !address.IsIPv6LinkLocal && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            .OrderBy(static address => address.AddressFamily)
            .ToList();
    }

    /// <summary>The names of this machine's interfaces.</summary>
    public static IEnumerable<string> Interfaces() => NetworkInterface.GetAllNetworkInterfaces().Select(static found => found.Name).Order(StringComparer.Ordinal);
}
