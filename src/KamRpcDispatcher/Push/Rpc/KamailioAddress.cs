using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Where Kamailio listens for RPC: a URI with the protocol first, such as <c>jsonrpc+unix:/run/kamailio/kamailio_rpc.sock</c>.</summary>
/// <param name="Transport">How.</param>
/// <param name="Path">The path of the socket or FIFO.</param>
public sealed record KamailioAddress(RpcTransport Transport, string Path)
{
    public const string Default = "jsonrpc+unix:/run/kamailio/kamailio_rpc.sock";

    /// <summary>The longest path of a Unix socket, in octets: <c>sun_path</c> has 108, one of them the final zero.</summary>
    public const int MaxPathLength = 107;

    private const string UnixDatagram = "jsonrpc+unix:";
    private const string Fifo = "jsonrpc+fifo:";

    private string Scheme => Transport == RpcTransport.UnixDatagram ? UnixDatagram : Fifo;

    public static bool TryParse(string text, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        var scheme = text.StartsWith(UnixDatagram, StringComparison.Ordinal) ? UnixDatagram : text.StartsWith(Fifo, StringComparison.Ordinal) ? Fifo : null;
        if (scheme is null)
        {
            error = $"'{text}' is not an address of Kamailio's JSON-RPC, such as {Default} or jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo";
            return false;
        }

        var path = text[scheme.Length..];
        error = path switch
        {
            ['/', '/', ..] => $"'{text}' has two slashes: write {scheme}/path",
            not ['/', _, ..] => $"'{text}' has no absolute path after {scheme}",
            _ when Encoding.UTF8.GetByteCount(path) > MaxPathLength => $"the path of '{text}' is longer than the {MaxPathLength} octets a Unix socket can have",
            _ => null,
        };
        address = error is null ? new KamailioAddress(scheme == Fifo ? RpcTransport.Fifo : RpcTransport.UnixDatagram, path) : null;
        return address is not null;
    }

    public override string ToString() => Scheme + Path;
}
