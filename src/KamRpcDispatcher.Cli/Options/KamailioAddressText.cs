using System.Diagnostics.CodeAnalysis;
using KamailioRpc;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>Reads an address of Kamailio's RPC as operators write it: a path alone is a socket's, and of what is none it is said what may have been meant.</summary>
internal static class KamailioAddressText
{
    private const string Socket = "jsonrpc+unix:";
    private const string Fifo = "jsonrpc+fifo:";
    private const string Ctl = "binrpc+unix:";

    public static bool TryParse(string text, [NotNullWhen(true)] out KamailioAddress? address, [NotNullWhen(false)] out string? error)
    {
        if (KamailioAddress.TryParse(text.StartsWith('/') ? OfPath(text) : text, out address, out error))
        {
            return true;
        }

        if (Meant(text) is { } meant)
        {
            error = $"'{SafeText.Shorten(text, KamailioAddress.MaxPathLength)}' is not an address of Kamailio's RPC; did you mean {meant}?";
        }

        return false;
    }

    /// <summary>By the names that Kamailio itself gives to its other two.</summary>
    private static string OfPath(string path) => (path.EndsWith(".fifo", StringComparison.Ordinal) ? Fifo : path.EndsWith("_ctl", StringComparison.Ordinal) ? Ctl : Socket) + path;

    private static string? Meant(string text)
    {
        if (text.Contains('@', StringComparison.Ordinal))
        {
            // There may be a password before it.
            return null;
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return text.Contains('/', StringComparison.Ordinal) || text.EndsWith(".sock", StringComparison.Ordinal) ? Path.GetFullPath(text) : null;
        }

        var (scheme, rest) = (text[..colon], text[(colon + 1)..].TrimStart('/'));
        return scheme switch
        {
            // As kamcmd writes them, and jsonrpcs in its parameters.
            "unixd" => $"binrpc+unixd:/{rest}",
            "unixs" => $"{Ctl}/{rest}",
            "unix" => OfPath("/" + rest),
            "fifo" => $"{Fifo}/{rest}",
            "udp" or "tcp" => $"jsonrpc+{scheme}://{rest} or binrpc+{scheme}://{rest}",
            _ when int.TryParse(rest, out _) && scheme.Length > 0 => $"jsonrpc+udp://{text} or jsonrpc+tcp://{text}",
            _ when Scheme(scheme) is { } near && !text.StartsWith(near, StringComparison.Ordinal) => near + (near.EndsWith('/') ? rest : "/" + rest),
            _ => null,
        };
    }

    /// <summary>The one that is near, with what stands between it and the place.</summary>
    private static string? Scheme(string typed) =>
        Suggestion.Near(typed, [.. KamailioAddress.Schemes.Select(static scheme => scheme.TrimEnd('/', ':'))]) is [var near, ..]
            ? KamailioAddress.Schemes.First(scheme => scheme.TrimEnd('/', ':') == near)
            : null;
}
