using System.Globalization;
using System.Net;
using KamailioRpc;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Dispatch;

/// <summary>
/// The name under which a proxy reports unless it is given one: the host's, and with it what tells its Kamailio from the one that a host has as
/// a rule, behind the usual Unix socket, so that several on a host have a name each. Which Kamailio has a port nobody can tell, a usual one either.
/// </summary>
internal static class DefaultProxyName
{
    private const string Usual = "kamailio";

    private static readonly string[] UsualFiles = ["kamailio_rpc.sock", "kamailio_rpc.fifo", "kamailio_ctl"];

    public static string For(KamailioAddress kamailio, string host)
    {
        var rest = kamailio.Path is { } path ? OfPath(path) : OfHost(kamailio);
        var name = string.Join('-', [host, .. rest.Where(static part => part.Length > 0).Select(static part => string.Concat(part.Where(IsAllowed)))]);
        return name.Length <= MemberValidation.MaxNameLength ? name : name[..MemberValidation.MaxNameLength];
    }

    /// <summary>The folder and the file, each unless it is the usual one.</summary>
    private static IEnumerable<string> OfPath(string path)
    {
        var folder = Path.GetDirectoryName(path) ?? string.Empty;
        if (!KamailioDiscovery.Directories.Contains(folder))
        {
            // "/run/kamailio-b", "/run/kamailio/b" and "/srv/b/kamailio" are all "b".
            yield return folder.Split('/').LastOrDefault(static part => part.Length > 0 && part != Usual) is { } part
                ? part.StartsWith(Usual, StringComparison.Ordinal) ? part[Usual.Length..].TrimStart('-', '_', '@', '.') : part
                : string.Empty;
        }

        var file = Path.GetFileName(path);
        yield return UsualFiles.Contains(file) ? string.Empty : Path.GetFileNameWithoutExtension(file);
    }

    private static IEnumerable<string> OfHost(KamailioAddress kamailio)
    {
        var isHere = kamailio.Host == "localhost" || (IPAddress.TryParse(kamailio.Host, out var address) && IPAddress.IsLoopback(address));
        yield return isHere ? string.Empty : kamailio.Host!;
        yield return kamailio.Port.ToString(CultureInfo.InvariantCulture);
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '@' or '-';
}
