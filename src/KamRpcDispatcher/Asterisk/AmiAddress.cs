using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Asterisk;

/// <summary>Where Asterisk's manager interface (AMI) listens: <c>host:port</c>.</summary>
public sealed record AmiAddress
{
    public const int DefaultPort = 5038;

    private AmiAddress(string host, int port) => (Host, Port) = (host, port);

    public static AmiAddress Default { get; } = new("127.0.0.1", DefaultPort);

    /// <summary>The address or name, IPv6 without brackets.</summary>
    public string Host { get; }

    public int Port { get; }

    /// <summary>Reads <c>host:port</c>, <c>host</c> (port 5038), <c>[::1]:port</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out AmiAddress? address, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        error = null;

        // A scheme that Uri knows no default port of, so that a missing port is seen.
        address = Uri.TryCreate("ami://" + text, UriKind.Absolute, out var uri)
            && uri is { Port: not 0, PathAndQuery: "/" or "", Fragment: "", UserInfo: "", Host.Length: > 0 }
            && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            && text[^1] is not ('/' or ':')
                ? new AmiAddress(uri.IdnHost.Trim('[', ']'), uri.Port > 0 ? uri.Port : DefaultPort)
                : null;
        if (address is null)
        {
            // Who puts a secret there has put it into the list of processes; not into a log too.
            error = $"'{SafeText.Shorten(text[(text.LastIndexOf('@') + 1)..])}' is not the address of Asterisk's manager interface: write {Default} or [::1]:{DefaultPort}{(text.Contains('@', StringComparison.Ordinal) ? ", the user with --ami-user and the secret with --ami-secret-file" : string.Empty)}";
        }

        return error is null;
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
