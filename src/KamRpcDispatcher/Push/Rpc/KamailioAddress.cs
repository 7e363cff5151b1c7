using System.Diagnostics.CodeAnalysis;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Where Kamailio listens for RPC: a URI with the protocol first, such as <c>jsonrpc+unix:/run/kamailio/kamailio_rpc.sock</c>.</summary>
public sealed record KamailioAddress
{
    public const string Default = "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock";

    /// <summary>The longest path of a Unix socket, in octets: <c>sun_path</c> has 108, one of them the final zero.</summary>
    public const int MaxPathLength = 107;

    private const string UnixDatagram = "jsonrpc+unix:";

    private KamailioAddress(string path) => Path = path;

    /// <summary>The socket's path.</summary>
    public string Path { get; }

    public static bool TryParse(string text, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        if (!text.StartsWith(UnixDatagram, StringComparison.Ordinal))
        {
            error = $"'{text}' is not an address of Kamailio's JSON-RPC datagram socket, such as {Default}";
            return false;
        }

        var path = text[UnixDatagram.Length..];
        error = path switch
        {
            ['/', '/', ..] => $"'{text}' has two slashes: write {UnixDatagram}/path",
            not ['/', _, ..] => $"'{text}' has no absolute path after {UnixDatagram}",
            _ when System.Text.Encoding.UTF8.GetByteCount(path) > MaxPathLength => $"the path of '{text}' is longer than the {MaxPathLength} octets a Unix socket can have",
            _ => null,
        };
        address = error is null ? new KamailioAddress(path) : null;
        return address is not null;
    }

    public override string ToString() => UnixDatagram + Path;
}
