using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KamRpcDispatcher.Destinations.Addresses;

/// <summary>
/// The SIP URI of a destination: scheme, host, optional port and optional <c>;transport=</c>, parsed once and safe to hand to Kamailio.
/// </summary>
/// <remarks>
/// Two URIs are equal when they lead to the same endpoint: <c>sip:10.0.0.1</c> equals <c>sip:10.0.0.1:5060;transport=udp</c>.
/// <see cref="Text"/> keeps the announced spelling, lower-cased, because Kamailio identifies a destination by its text.
/// No user part, headers or other parameters: a destination says where to send, and anything more could break out of the URI.
/// </remarks>
public sealed class SipUri : IEquatable<SipUri>
{
    /// <summary>The longest URI accepted, in characters.</summary>
    public const int MaxLength = 255;

    private const string SipScheme = "sip:";
    private const string SipsScheme = "sips:";
    private const string TransportParameter = "transport=";

    private SipUri(string text, string host, IPAddress? address, int? port, SipTransport transport)
    {
        Text = text;
        Host = host;
        Address = address;
        Transport = transport;
        Port = port ?? (transport is SipTransport.Tls or SipTransport.Wss ? 5061 : 5060);
    }

    /// <summary>The URI as Kamailio gets it: as announced, in lower case.</summary>
    public string Text { get; }

    /// <summary>The host without brackets, in its canonical form.</summary>
    public string Host { get; }

    /// <summary>The host as an address, or null where it is a name that Kamailio has to resolve.</summary>
    public IPAddress? Address { get; }

    /// <summary>The port, 5060 or 5061 (TLS) where the URI has none.</summary>
    public int Port { get; }

    public SipTransport Transport { get; }

    /// <summary>Where the URI leads, in one spelling: equal for equal URIs.</summary>
    public string Endpoint => field ??= string.Create(CultureInfo.InvariantCulture, $"{Host} {Port} {Transport}");

    public static SipUri Parse(string text) =>
        TryParse(text, out var uri, out var error) ? uri : throw new FormatException(error);

    /// <summary>Parses a destination's URI; <paramref name="error"/> names the part that is wrong.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SipUri? uri, [NotNullWhen(false)] out string? error)
    {
        uri = null;
        error = Read(text, ref uri);
        return error is null;
    }

    public bool Equals(SipUri? other) =>
        other is not null && Host == other.Host && Port == other.Port && Transport == other.Transport;

    public override bool Equals(object? obj) => Equals(obj as SipUri);

    public override int GetHashCode() => HashCode.Combine(Host, Port, Transport);

    public override string ToString() => Text;

    private static string? Read(string? text, ref SipUri? uri)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "the URI is empty";
        }

        if (text.Length > MaxLength)
        {
            return $"the URI has {text.Length} characters, more than {MaxLength}";
        }

        if (text.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return "the URI has a space, a control character or one outside ASCII";
        }

        var lower = text.ToLowerInvariant();
        var secure = lower.StartsWith(SipsScheme, StringComparison.Ordinal);
        if (!secure && !lower.StartsWith(SipScheme, StringComparison.Ordinal))
        {
            return $"'{text}' does not start with sip: or sips:";
        }

        var rest = lower[(secure ? SipsScheme : SipScheme).Length..];
        var semicolon = rest.IndexOf(';', StringComparison.Ordinal);
        var transport = secure ? SipTransport.Tls : SipTransport.Udp;
        if (semicolon >= 0 && ReadTransport(rest[(semicolon + 1)..], secure, ref transport) is { } badParameter)
        {
            return badParameter;
        }

        var hostPort = semicolon >= 0 ? rest[..semicolon] : rest;
        if (ReadHostPort(hostPort, out var host, out var address, out var port) is { } badHost)
        {
            return badHost;
        }

        uri = new SipUri(lower, host, address, port, transport);
        return null;
    }

    private static string? ReadTransport(string parameters, bool secure, ref SipTransport transport)
    {
        var name = parameters.StartsWith(TransportParameter, StringComparison.Ordinal) ? parameters[TransportParameter.Length..] : null;
        SipTransport? read = name switch
        {
            "udp" => SipTransport.Udp,
            "tcp" => SipTransport.Tcp,
            "tls" => SipTransport.Tls,
            "sctp" => SipTransport.Sctp,
            "ws" => SipTransport.Ws,
            "wss" => SipTransport.Wss,
            _ => null,
        };
        if (read is null)
        {
            return $"';{parameters}' is not allowed: a destination's URI has one parameter at most, ;transport=udp|tcp|tls|sctp|ws|wss";
        }

        if (secure && read is (SipTransport.Udp or SipTransport.Sctp or SipTransport.Ws))
        {
            return $"sips: cannot go over {name}";
        }

        // RFC 3261, section 26.2.2: sips with transport=tcp is TLS over TCP.
        transport = secure && read is SipTransport.Tcp ? SipTransport.Tls : read.Value;
        return null;
    }

    private static string? ReadHostPort(string hostPort, out string host, out IPAddress? address, out int? port)
    {
        host = hostPort;
        address = null;
        port = null;
        string? portText = null;
        if (hostPort.Contains('@', StringComparison.Ordinal))
        {
            // Not repeated: there may be a password in it.
            return "it has a user before an @, which a destination has no use for";
        }

        if (hostPort.StartsWith('['))
        {
            var end = hostPort.IndexOf(']', StringComparison.Ordinal);
            var inside = end > 0 ? hostPort[1..end] : string.Empty;
            if (inside.Contains('%', StringComparison.Ordinal) || HostName.HasOctal(inside[(inside.LastIndexOf(':') + 1)..]) || !IPAddress.TryParse(inside, out address) || address.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return $"'{hostPort}' is not an IPv6 address in brackets";
            }

            host = address.ToString();
            var after = hostPort[(end + 1)..];
            if (after.Length > 0 && after[0] != ':')
            {
                return $"'{after}' follows the IPv6 address";
            }

            portText = after.Length > 0 ? after[1..] : null;
        }
        else
        {
            var colon = hostPort.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0)
            {
                (host, portText) = (hostPort[..colon], hostPort[(colon + 1)..]);
            }

            if (!HostName.IsValid(host, out address))
            {
                return HostName.HasOctal(host) ? $"'{host}' has a number with a zero before it, which some read as octal: write it without"
                    : $"'{host}' is neither an IPv4 address, an IPv6 address in brackets, nor a host name";
            }
        }

        if (portText is null)
        {
            return null;
        }

        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
        {
            return $"the port '{portText}' is not a number from 1 to 65535";
        }

        port = number;
        return null;
    }
}
