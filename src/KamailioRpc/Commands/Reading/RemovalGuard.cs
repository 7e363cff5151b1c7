using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KamailioRpc.Errors;

namespace KamailioRpc.Commands.Reading;

/// <summary>
/// Keeps <c>dispatcher.remove</c> of a host that does not resolve from a Kamailio that it crashes: <c>ds_remove_dst</c> uses what
/// <c>pack_dest</c> returns without a check until 5.6.2 (Kamailio's issue 3199; read in 5.4, 5.5.7, 5.6.0, 5.6.1).
/// </summary>
/// <remarks>
/// Kamailio may ask another name server than this process: who removes names from such an old Kamailio still takes a risk, of the moment
/// between the two look-ups at least. An address needs no look-up; IPv6 ones stand in the list only where Kamailio takes them.
/// </remarks>
internal static class RemovalGuard
{
    private static readonly Version FirstSafe = new(5, 6, 2);
    private static readonly TimeSpan LookupTime = TimeSpan.FromSeconds(1);

    /// <exception cref="KamailioUnsafeRequestException">It must not be sent.</exception>
    public static async Task CheckAsync(IRpcClient client, string uri, CancellationToken cancellationToken)
    {
        var host = HostOf(uri);
        if (host is not null && IPAddress.TryParse(host, out _))
        {
            return;
        }

        var version = (await client.InvokeAsync("core.version", [], cancellationToken).ConfigureAwait(false)).ToText();
        if (!IsCrashedByIt(version))
        {
            return;
        }

        if (host is null)
        {
            throw new KamailioUnsafeRequestException("dispatcher.remove", $"{version.Trim()} crashes at a URI that it cannot read, such as {Json.LenientText.Shorten(uri)}");
        }

        if (!await IsFoundAsync(host, cancellationToken).ConfigureAwait(false))
        {
            throw new KamailioUnsafeRequestException("dispatcher.remove", $"{version.Trim()} crashes where the host name of the URI does not resolve, and {Json.LenientText.Shorten(host)} does not");
        }
    }

    /// <summary>The host of a SIP URI, IPv6 without brackets; null where there is none.</summary>
    internal static string? HostOf(string uri)
    {
        var start = uri.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? 4 : uri.StartsWith("sips:", StringComparison.OrdinalIgnoreCase) ? 5 : -1;
        if (start < 0)
        {
            return null;
        }

        var rest = uri.AsSpan(start);
        rest = rest[(rest.LastIndexOf('@') + 1)..];
        var end = rest is ['[', ..] ? rest.IndexOf(']') : rest.IndexOfAny(":;?");
        var host = end < 0 ? rest : rest[..end];
        host = host.TrimStart('[');
        return host.IsEmpty || (rest is ['[', ..] && end < 0) ? null : host.ToString();
    }

    /// <summary>Of what <c>core.version</c> answers, such as <c>kamailio 5.6.3 (x86_64/linux)</c>: what cannot be read is not taken for an old one.</summary>
    internal static bool IsCrashedByIt(string version)
    {
        var words = version.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var numbers = words.Length > 1 ? words[1].Split('-')[0].Split('.') : [];
        var parts = numbers.Select(static number => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var part) ? part : 0).ToArray();
        return parts.Length >= 2 && new Version(parts[0], parts[1], parts.ElementAtOrDefault(2)) < FirstSafe;
    }

    private static async Task<bool> IsFoundAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            await NameResolver.Shared.AskAsync(host, cancellationToken).WaitAsync(LookupTime, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            return false;
        }
    }
}
