using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>An address of a machine, and the network in which it has it.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">How many of its bits are the network's.</param>
public sealed record HostNetwork(IPAddress Address, int PrefixLength)
{
    /// <summary>Two addresses or one: there each is a host's (RFC 3021).</summary>
    private const int PointToPoint = 31;

    /// <summary>Those of this machine.</summary>
    /// <exception cref="NetworkInformationException">They cannot be read.</exception>
    public static IReadOnlyList<HostNetwork> OfThisMachine() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().SelectMany(static one => one.GetIPProperties().UnicastAddresses)
            .Select(static unicast => new HostNetwork(unicast.Address, unicast.PrefixLength)),
    ];

    /// <summary>The first and the last address of an IPv4 network are no host's: the reason, which follows "the address ..."; null of any other.</summary>
    public string? WhyNoHost(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetwork || Address.AddressFamily != AddressFamily.InterNetwork || PrefixLength is <= 0 or >= PointToPoint)
        {
            return null;
        }

        var hosts = uint.MaxValue >> PrefixLength;
        var (first, asked) = (Number(Address) & ~hosts, Number(address));
        return asked == (first | hosts) ? $"is the broadcast address of this machine's network {Text(first)}, not that of one host"
            : asked == first ? $"is that of this machine's network {Text(first)} itself, not that of one host"
            : null;
    }

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private string Text(uint first)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, first);
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{PrefixLength}");
    }
}
