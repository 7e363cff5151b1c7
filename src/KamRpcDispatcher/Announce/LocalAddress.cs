using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using KamailioRpc;

namespace KamRpcDispatcher.Announce;

/// <summary>This machine's address, by the way to etcd or by the name of an interface.</summary>
public static class LocalAddress
{
    /// <summary>How long a name may take.</summary>
    private static readonly TimeSpan LookupTime = TimeSpan.FromSeconds(5);

    /// <summary>Finds the address of the interface that the machine would use to reach a server; sends nothing.</summary>
    /// <exception cref="SocketException">The server's name has no address, or there is no way to it.</exception>
    public static async Task<IPAddress> TowardsAsync(Uri server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        SocketException? failure = null;
        foreach (var remote in await ResolveAsync(server.IdnHost, cancellationToken).ConfigureAwait(false))
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

    private static async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return await NameResolver.Shared.AskAsync(host, cancellationToken).WaitAsync(LookupTime, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new SocketException((int)SocketError.TryAgain);
        }
    }

    /// <summary>Whether a host is this machine, by its name for itself or by one of its addresses. A name is not looked up.</summary>
    public static bool IsHere(string host) =>
        IPAddress.TryParse(host, out var address)
            ? IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces().Any(found => found.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(address)))
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

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
