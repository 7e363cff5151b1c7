using System.Net;
using System.Net.Sockets;

namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>Tells the hosts of a SIP URI that are IPv4 addresses or host names (RFC 1123) from everything else.</summary>
internal static class HostName
{
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;

    /// <summary><paramref name="address"/> is set where the host is an IPv4 address, null where it is a name.</summary>
    public static bool IsValid(string host, out IPAddress? address)
    {
        address = null;
        if (host.Length is 0 or > MaxLength)
        {
            return false;
        }

        var labels = host.Split('.');
        if (labels[^1].All(char.IsAsciiDigit))
        {
            // RFC 1123, section 2.1: what ends in a number can only be an address. IPAddress alone would also take "1" and "0x7f.1".
            return labels.Length == 4
                && labels.All(static label => label is "0" || (label.Length is > 0 and <= 3 && label[0] != '0' && label.All(char.IsAsciiDigit)))
                && IPAddress.TryParse(host, out address)
                && address.AddressFamily == AddressFamily.InterNetwork;
        }

        return labels.All(IsLabel);
    }

    /// <summary>Whether it is numbers with dots of which one begins with a zero: 010.0.0.1 is 8.0.0.1 for whoever reads it as C does, and 10.0.0.1 for others.</summary>
    public static bool HasOctal(string host) =>
        host.Split('.') is { Length: > 1 } labels && labels.All(static label => label.Length > 0 && label.All(char.IsAsciiDigit)) && labels.Any(static label => label is ['0', _, ..]);

    /// <summary>The name in a SIP URI of whatever kind, an operator's too, with a user and parameters; null where its host is an address.</summary>
    public static string? In(string uri)
    {
        var colon = uri.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return null;
        }

        var rest = uri.AsSpan(colon + 1);
        var at = rest.IndexOf('@');
        rest = rest[(at + 1)..];
        var end = rest.IndexOfAny(':', ';', '?');
        var host = end < 0 ? rest : rest[..end];
        return host.IsEmpty || host[0] == '[' || IPAddress.TryParse(host, out _) ? null : host.ToString();
    }

    /// <summary>With underscores, too, which no host name should have and Docker's have: resolvers and Kamailio take them.</summary>
    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength
        && label[0] != '-'
        && label[^1] != '-'
        && label.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
