using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace KamailioRpc;

/// <summary>Where Kamailio listens for RPC: a URI with the protocol first, such as <c>jsonrpc+unix:/run/kamailio/kamailio_rpc.sock</c>.</summary>
public sealed record KamailioAddress
{
    /// <summary>Where Debian's Kamailio, and the snippet of this project, open the socket.</summary>
    public const string Default = "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock";

    /// <summary>The longest path of a Unix socket, in bytes: <c>sun_path</c> has 108, one of them the final zero.</summary>
    public const int MaxPathLength = 107;

    private static readonly (string Scheme, RpcProtocol Protocol, RpcTransport Transport)[] Forms =
    [
        ("jsonrpc+unix:", RpcProtocol.JsonRpc, RpcTransport.UnixDatagram),
        ("jsonrpc+udp://", RpcProtocol.JsonRpc, RpcTransport.Udp),
        ("jsonrpc+tcp://", RpcProtocol.JsonRpc, RpcTransport.Tcp),
        ("jsonrpc+fifo:", RpcProtocol.JsonRpc, RpcTransport.Fifo),
        ("http://", RpcProtocol.JsonRpc, RpcTransport.Http),
        ("https://", RpcProtocol.JsonRpc, RpcTransport.Http),
        ("binrpc+unix:", RpcProtocol.BinRpc, RpcTransport.UnixStream),
        ("binrpc+unixd:", RpcProtocol.BinRpc, RpcTransport.UnixDatagram),
        ("binrpc+tcp://", RpcProtocol.BinRpc, RpcTransport.Tcp),
        ("binrpc+udp://", RpcProtocol.BinRpc, RpcTransport.Udp),
    ];

    private readonly string _text;

    private KamailioAddress(RpcProtocol protocol, RpcTransport transport, string text) => (Protocol, Transport, _text) = (protocol, transport, text);

    /// <summary>What each form of an address begins with.</summary>
    public static IEnumerable<string> Schemes => Forms.Select(static form => form.Scheme);

    /// <summary>How calls are written.</summary>
    public RpcProtocol Protocol { get; }

    /// <summary>How they are carried.</summary>
    public RpcTransport Transport { get; }

    /// <summary>The path of the socket or FIFO; null for what is reached over IP.</summary>
    public string? Path { get; private init; }

    /// <summary>The address or name, IPv6 without brackets; null for what has a path.</summary>
    public string? Host { get; private init; }

    /// <summary>The port; 0 where there is none.</summary>
    public int Port { get; private init; }

    /// <summary>For <see cref="RpcTransport.Http"/>: the URL.</summary>
    public Uri? Url { get; private init; }

    /// <summary>
    /// Whether one process of Kamailio carries out what is sent here, one request after another: then what was sent before a call is done
    /// when the call is answered, whether or not it was answered itself. (With the module's default of one worker.)
    /// </summary>
    public bool IsSerial => Transport != RpcTransport.Http;

    /// <summary>
    /// Whether Kamailio may be hurt by two connections that are made at once: its TCP workers share what OpenSSL 3 keeps for TLS, and two handshakes at a time
    /// corrupt that (5.6.3: a crash within some hundred rounds of two; none in 17,000 handshakes one after another).
    /// </summary>
    internal bool TakesConnectionsInTurn => Url?.Scheme == Uri.UriSchemeHttps;

    /// <summary>Whether a reply that is too long is simply not sent.</summary>
    public bool DropsLongReplies => Transport == RpcTransport.Udp || (Transport == RpcTransport.UnixDatagram && Protocol == RpcProtocol.JsonRpc);

    /// <summary>
    /// The longest reply in bytes that comes this way, null where there is no limit: a longer one is not sent, and the call times out. A Unix
    /// datagram has to fit into Kamailio's send buffer but for 32 bytes (measured: 131,040), a UDP datagram into an IPv4 packet.
    /// </summary>
    public int? ReplyLimit => Transport switch
    {
        RpcTransport.Udp => 65_507,
        RpcTransport.UnixDatagram when Protocol == RpcProtocol.JsonRpc => 131_040,
        _ => null,
    };

    /// <summary>
    /// The longest request in bytes that Kamailio reads, null where that is not known: the buffers of jsonrpcs (<c>JSONRPC_DGRAM_BUF_SIZE</c>,
    /// <c>JSONRPC_BUF_IN_SIZE</c> less two), and what a FIFO takes in one piece.
    /// </summary>
    public int? RequestLimit => (Protocol, Transport) switch
    {
        (RpcProtocol.BinRpc, _) or (_, RpcTransport.Http) => null,
        (_, RpcTransport.Fifo) => 4_096,
        (_, RpcTransport.Tcp) => 65_455,
        _ => 65_456,
    };

    /// <summary>
    /// How many destinations of one set a list takes, null for any: ctl keeps 8 bytes for each in a structure of
    /// <c>binrpc_struct_max_body_size</c> (default: 8 KiB), and answers "Internal error creating dest" beyond (measured on 5.6.3).
    /// </summary>
    public int? DestinationsOfSetLimit => Protocol == RpcProtocol.BinRpc ? 1_024 : null;

    /// <summary>
    /// Reads <c>jsonrpc+unix:/path</c>, <c>jsonrpc+fifo:/path</c>, <c>jsonrpc+udp://host:port</c>, <c>jsonrpc+tcp://host:port</c>,
    /// <c>http://host:port/path</c>, <c>https://host:port/path</c>, <c>binrpc+unix:/path</c> (ctl's stream socket, <c>unixs:</c> there),
    /// <c>binrpc+unixd:/path</c> (its datagram socket), <c>binrpc+tcp://host:port</c>, <c>binrpc+udp://host:port</c>.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        foreach (var (scheme, protocol, transport) in Forms)
        {
            if (text.StartsWith(scheme, StringComparison.Ordinal))
            {
                var form = new KamailioAddress(protocol, transport, text);
                return transport switch
                {
                    RpcTransport.Http => form.TryUrl(out address, out error),
                    RpcTransport.Tcp or RpcTransport.Udp => form.TryHost(text[scheme.Length..], scheme, out address, out error),
                    _ => form.TryPath(text[scheme.Length..], scheme, out address, out error),
                };
            }
        }

        error = $"'{text}' is not an address of Kamailio's RPC, such as {Default}; the others start with {string.Join(", ", Forms.Skip(1).Select(static form => form.Scheme))}";
        return false;
    }

    /// <exception cref="FormatException">It is not an address; the message says why.</exception>
    public static KamailioAddress Parse(string text) => TryParse(text, out var address, out var error) ? address : throw new FormatException(error);

    /// <summary>As it was given.</summary>
    public override string ToString() => _text;

    private bool TryPath(string path, string scheme, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        error = path switch
        {
            ['/', '/', ..] => $"'{_text}' has two slashes: write {scheme}/path",
            not ['/', _, ..] => $"'{_text}' has no absolute path after {scheme}",
            _ when Encoding.UTF8.GetByteCount(path) > MaxPathLength => $"the path of '{_text}' is longer than the {MaxPathLength} bytes a Unix socket can have",
            _ => null,
        };
        address = error is null ? this with { Path = path } : null;
        return error is null;
    }

    private bool TryHost(string authority, string scheme, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        error = null;

        // A scheme that Uri knows no default port of, so that a missing port is seen.
        address = Uri.TryCreate("rpc://" + authority, UriKind.Absolute, out var uri)
            && uri is { Port: > 0, PathAndQuery: "/" or "", Fragment: "", UserInfo: "", Host.Length: > 0 }
            && !authority.EndsWith('/')
                ? this with { Host = uri.IdnHost.Trim('[', ']'), Port = uri.Port }
                : null;
        if (address is null)
        {
            error = $"'{_text}' has no host and port: write {scheme}127.0.0.1:PORT or {scheme}[::1]:PORT";
        }

        return error is null;
    }

    private bool TryUrl([NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        if (!Uri.TryCreate(_text, UriKind.Absolute, out var url) || url.Host.Length == 0)
        {
            error = $"'{_text}' is not a URL: write http://127.0.0.1:5060/RPC, with the path that Kamailio's event_route[xhttp:request] looks for";
            return false;
        }

        if (url.UserInfo.Length > 0)
        {
            // Not repeated: there may be a password in it.
            error = "the URL has a user in it, which process lists and logs would show; let Kamailio's event_route[xhttp:request] look at the address or the client certificate instead";
            return false;
        }

        address = this with { Host = url.IdnHost.Trim('[', ']'), Port = url.Port, Url = url };
        error = null;
        return true;
    }
}
