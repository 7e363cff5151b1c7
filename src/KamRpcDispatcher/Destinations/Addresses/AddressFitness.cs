using System.Net;
using System.Net.Sockets;

namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>Whether an address can be where a server takes calls, whoever sends them.</summary>
/// <remarks>
/// Loopback is fit: etcd, Kamailio and the server may all be on one host. The link-local addresses of IPv4 are fit too, since they need no
/// scope; a SIP URI has no place for the one that those of IPv6 need.
/// </remarks>
public static class AddressFitness
{
    /// <summary>The reason why no call can be sent there, which follows "the address ..."; null when one can.</summary>
    public static string? WhyUnfit(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetwork ? WhyUnfitV4(plain) : WhyUnfitV6(plain);
    }

    /// <summary>The same, where the networks are known in which the machine that sends there, or listens there, has addresses of its own.</summary>
    public static string? WhyUnfit(IPAddress address, IReadOnlyCollection<HostNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        return WhyUnfit(address) is { } why ? why
            : networks.Any(network => network.Address.Equals(address)) ? null
            : networks.Select(network => network.WhyNoHost(address)).FirstOrDefault(static found => found is not null);
    }

    private static string? WhyUnfitV4(IPAddress address)
    {
        var first = address.GetAddressBytes()[0];
        return address.Equals(IPAddress.Broadcast) ? "is the broadcast address, not that of one host"
            // "This network" (RFC 1122, section 3.2.1.3): 0.0.0.0 is what a server binds to, the others nobody has.
            : first == 0 ? "is unspecified: a server may listen on it, but nobody can send there"
            : first is >= 224 and <= 239 ? "is a multicast address, not that of one host"
            : first >= 240 ? "is reserved: no host has it"
            : null;
    }

    private static string? WhyUnfitV6(IPAddress address) =>
        address.Equals(IPAddress.IPv6Any) ? "is unspecified: a server may listen on it, but nobody can send there"
        : address.IsIPv6Multicast ? "is a multicast address, not that of one host"
        : address.IsIPv6LinkLocal && address.ScopeId == 0 ? "is link-local without an interface: it leads somewhere else on each of a host's links"
        : null;
}
