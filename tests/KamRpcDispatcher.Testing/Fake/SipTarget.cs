using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Testing;

/// <summary>Which destination URIs Kamailio accepts.</summary>
internal static partial class SipTarget
{
    /// <summary>Does not look the name up in the DNS.</summary>
    public const int NoDns = 16;

    /// <summary>A text without a scheme gets "sip:" in front ("uri without sip scheme - fixing it") before it is judged.</summary>
    /// <returns>The URI as the table shows it, or null when Kamailio refuses it.</returns>
    public static string? Accept(string address, int flags)
    {
        var uri = address.StartsWith("sip", StringComparison.OrdinalIgnoreCase) ? address : "sip:" + address;
        var match = Uri().Match(uri);
        return match.Success && int.TryParse("0" + match.Groups["port"].Value, out var port) && port <= 65535
            && ((flags & NoDns) != 0 || Resolves(match.Groups["host"].Value)) ? uri : null;
    }

    /// <summary>The fake asks no DNS: every name resolves but those that never do (RFC 2606).</summary>
    private static bool Resolves(string host) => !host.EndsWith(".invalid", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^sips?:([^@\s<>]+@)?(?<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?<port>\d{1,6}))?([;?][^\s<>]*)?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Uri();
}
