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

    /// <summary>
    /// Finds the address of the interface that the machine would use to reach the first of some servers that it knows a way to, one on another machine if there is any; sends
    /// nothing.
    /// </summary>
    /// <exception cref="SocketException">There is no way to any of them; of the first one.</exception>
    public static async Task<IPAddress> TowardsAsync(IReadOnlyList<Uri> servers, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(servers);
        SocketException? failure = null;
        IPAddress? own = null;
        foreach (var server in servers)
        {
            try
            {
                var address = await TowardsAsync(server, cancellationToken).ConfigureAwait(false);
                if (!IPAddress.IsLoopback(address))
                {
                    return address;
                }

                own ??= address;
            }
            catch (SocketException exception)
            {
                failure ??= exception;
            }
        }

        return own ?? throw failure ?? new SocketException((int)SocketError.HostNotFound);
    }

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
                if (remote.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    PreferPublic(socket);
                }

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

    /// <summary>An IPv6 address for a few days (RFC 8981) is none to be announced: ipv6(7), IPV6_ADDR_PREFERENCES.</summary>
    private static void PreferPublic(Socket socket)
    {
        const int Ipv6 = 41;
        const int AddressPreferences = 72;
        const int PreferPublicSource = 2;
        try
        {
            socket.SetRawSocketOption(Ipv6, AddressPreferences, BitConverter.GetBytes(PreferPublicSource));
        }
        catch (SocketException)
        {
            // The kernel does not know it: its own choice is taken.
        }
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
        return found is null ? null : Reachable(found.GetIPProperties().UnicastAddresses.Select(static unicast => (unicast.Address, unicast.PrefixLength)));
    }

    /// <summary>
    /// One with a network of its own alone (10.0.0.100/32) is there for a while as a rule, as keepalived's are: it counts only where there is no other of its family.
    /// </summary>
    internal static IReadOnlyList<IPAddress> Reachable(IEnumerable<(IPAddress Address, int PrefixLength)> addresses) =>
    [
        .. addresses.Where(static found => !found.Address.IsIPv6LinkLocal && found.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            .GroupBy(static found => found.Address.AddressFamily)
            .OrderBy(static family => family.Key)
            .SelectMany(static family => family.ToLookup(static found => IsAlone(found.Address, found.PrefixLength)) is var kinds && kinds.Contains(false) ? kinds[false] : kinds[true])
            .Select(static found => found.Address),
    ];

    private static bool IsAlone(IPAddress address, int prefixLength) => prefixLength == 8 * (address.AddressFamily == AddressFamily.InterNetwork ? 4 : 16);

    /// <summary>The names of this machine's interfaces.</summary>
    public static IEnumerable<string> Interfaces() => NetworkInterface.GetAllNetworkInterfaces().Select(static found => found.Name).Order(StringComparer.Ordinal);
}
