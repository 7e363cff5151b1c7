using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using KamailioRpc;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Snippet.Checks;

/// <summary>What Kamailio finds only when its modules start, and then ends: <c>kamailio -c</c> starts none.</summary>
internal sealed partial class StartChecks(SnippetUse use, SnippetHost host)
{
    /// <summary>What comes of it.</summary>
    public const string StartFails = "kamailio -c passes, and Kamailio does not start";

    private const int Http = 1;
    private const int Fifo = 2;
    private const int Datagram = 4;
    private const int DefaultTransport = 6;

    /// <summary>What <c>sun_path</c> of a Unix socket holds, without the zero at its end.</summary>
    private const int LongestSocket = 107;

    private const string XhttpRoute = "event_route[xhttp:request]";

    private readonly ModuleParameter? _transport = Last("jsonrpcs", "transport", use);

    public static IEnumerable<SnippetFinding> Of(SnippetUse use, SnippetHost host) => use.Head is null ? [] : new StartChecks(use, host).ToList();

    /// <summary>Null where only Kamailio can tell.</summary>
    private int? Transport => _transport is null ? DefaultTransport : _transport.IsCertain ? _transport.Number : null;

    private List<SnippetFinding> ToList() => [.. OfTransport(), .. OfXhttp(), .. OfSockets().DistinctBy(static finding => (finding.Place, finding.Text))];

    private IEnumerable<SnippetFinding> OfTransport()
    {
        const string Name = "transport";
        if (Transport is not { } transport || _transport is null)
        {
            yield break;
        }

        // With 0 the module does without.
        if ((transport & Http) != 0 && !use.Config.Modules.Contains("xhttp") && use.Config.Unread.Count == 0)
        {
            yield return new SnippetFinding(
                Name,
                Severity.Error,
                use.PlaceOf(_transport),
                FormattableString.Invariant($"transport {transport} has HTTP in it (1), and nothing loads xhttp (\"cannot find bind_xhttp\"): {StartFails}"),
                FormattableString.Invariant($"loadmodule \"xhttp.so\" and an {XhttpRoute} that calls jsonrpc_dispatch(), in Debian's own config #!define WITH_JSONRPC; or {Set(transport & ~Http | Datagram)}, without HTTP"));
        }

        if (transport != 0 && (transport & Datagram) == 0)
        {
            yield return new SnippetFinding(
                Name,
                Severity.Warning,
                use.PlaceOf(_transport),
                FormattableString.Invariant($"transport {transport} has no datagrams in it (4): the socket that kamrpc dispatch writes to ({Last("jsonrpcs", "dgram_socket", use)?.Value ?? KamailioAddress.Default}) is not opened"),
                Set(transport | Datagram));
        }

        static string Set(int value) => FormattableString.Invariant($"#!define KAMRPC_TRANSPORT {value} above the include");
    }

    private IEnumerable<SnippetFinding> OfXhttp()
    {
        if (use.Config.Lines.FirstOrDefault(static line => line is { Word: ConfigWord.Module, Name: "xhttp", State: Condition.Yes }) is { } loaded
            && use.Config.Unread.Count == 0 && !use.Config.Of("xhttp", "event_callback").Any() && !use.Blocks.Any(static block => block.Name == XhttpRoute))
        {
            yield return new SnippetFinding(
                "missing-route", Severity.Error, loaded.Place, $"xhttp is loaded, and there is no {XhttpRoute}: {StartFails}", $"write the block, with jsonrpc_dispatch(); in it, or take this line out");
        }
    }

    private IEnumerable<SnippetFinding> OfSockets()
    {
        if (Transport is not { } transport)
        {
            return [];
        }

        var findings = new List<SnippetFinding?>();
        if (transport == 0 || (transport & Datagram) != 0)
        {
            findings.Add(OfFile("dgram_socket", isSocket: true));
            findings.Add(OfAddress());
            findings.Add(OfUser("dgram_user"));
        }

        if (transport == 0 || (transport & Fifo) != 0)
        {
            findings.Add(OfFile("fifo_name", isSocket: false));
            findings.Add(OfUser("fifo_user"));
            findings.Add(OfReplies());
        }

        return findings.OfType<SnippetFinding>();
    }

    /// <summary>A socket or FIFO that Kamailio makes.</summary>
    private SnippetFinding? OfFile(string name, bool isSocket)
    {
        if (Path(name) is not var (parameter, path))
        {
            return null;
        }

        var directory = System.IO.Path.GetDirectoryName(path) ?? "/";
        if (isSocket && Encoding.UTF8.GetByteCount(path) is > LongestSocket and var length)
        {
            return Found(parameter, FormattableString.Invariant($"the path of a socket has {LongestSocket} bytes at most, and {path} has {length}"), Shorter(name));
        }

        if (host.IsDirectory(path) is true)
        {
            return Found(parameter, $"{path} is a directory, in the place of which Kamailio cannot make its {(isSocket ? "socket" : "FIFO")}", Shorter(name));
        }

        // Its usual one Kamailio's unit makes, or Kamailio itself.
        if (host.IsDirectory(directory) is false && !KamailioDiscovery.Directories.Contains(directory))
        {
            return Found(parameter, $"there is no directory {directory} to make {path} in", Make(name, directory));
        }

        return host.WhoCannotWrite(directory) is [var (user, obstacle), ..]
            ? Found(parameter, $"user {user}, as whom Kamailio starts, may not make {path}, by the mode of {obstacle}", $"chown {user} {directory}, or {Shorter(name)}")
            : null;
    }

    private SnippetFinding? OfAddress()
    {
        // "udp:HOST:PORT"; a name is whatever it resolves to when Kamailio starts.
        const string Scheme = "udp:";
        return Last("jsonrpcs", "dgram_socket", use) is { IsCertain: true } parameter && parameter.Value.StartsWith(Scheme, StringComparison.Ordinal)
            && parameter.Value.LastIndexOf(':') is var colon && colon > Scheme.Length
            && IPAddress.TryParse(parameter.Value[Scheme.Length..colon].Trim('[', ']'), out var address) && host.HasAddress(address) is false
            ? Found(parameter, $"{address} is no address of this machine", "udp:127.0.0.1:PORT in KAMRPC_SOCKET")
            : null;
    }

    private SnippetFinding? OfReplies() => Path("fifo_reply_dir") is var (parameter, path) && host.IsDirectory(path) is false && !KamailioDiscovery.Directories.Contains(System.IO.Path.TrimEndingDirectorySeparator(path))
        ? Found(parameter, $"there is no directory {path} for the replies over the FIFO", Make("fifo_reply_dir", path))
        : null;

    private SnippetFinding? OfUser(string name)
    {
        if (Last("jsonrpcs", name, use) is not { IsCertain: true, Value: { Length: > 0 } owner } parameter)
        {
            return null;
        }

        if (!host.HasUser(owner))
        {
            return Of($"there is no user '{owner}' on this machine, who is to own Kamailio's socket and FIFO", $"the name of Kamailio's user in {SnippetUse.NameOf("jsonrpcs", name)}");
        }

        // With "user=" Kamailio may be root when it makes them, whoever it is by now.
        return host.WhoCannotGiveTo(owner) is [var user, ..] && !UserLine().IsMatch(use.Config.Text)
            ? Of(
                $"user {user}, as whom Kamailio starts, may not make '{owner}' the owner of its socket and FIFO (\"Failed to change the owner/group\"): only root may",
                $"take {SnippetUse.NameOf("jsonrpcs", name)} out, and run kamrpc as user {user}")
            : null;

        SnippetFinding Of(string text, string fix) => new SnippetFinding("socket", Severity.Error, use.PlaceOf(parameter), $"{text}; {StartFails}", fix);
    }

    /// <summary>A value that is a whole path: a relative one is in run_dir, which Kamailio makes.</summary>
    private (ModuleParameter Parameter, string Path)? Path(string name)
    {
        if (Last("jsonrpcs", name, use) is not { IsCertain: true } parameter)
        {
            return null;
        }

        var path = parameter.Value.StartsWith("unix:", StringComparison.Ordinal) ? parameter.Value["unix:".Length..] : parameter.Value;
        return path.StartsWith('/') ? (parameter, path) : null;
    }

    private SnippetFinding Found(ModuleParameter parameter, string text, string fix) => new("socket", Severity.Error, use.PlaceOf(parameter), $"{parameter.Name}: {text}; {StartFails}", fix);

    private static string Shorter(string name) => $"another path in {SnippetUse.NameOf("jsonrpcs", name)}";

    private static string Make(string name, string directory) =>
        $"make {directory}{(directory.StartsWith("/run/", StringComparison.Ordinal) || directory.StartsWith("/var/run/", StringComparison.Ordinal) ? " (RuntimeDirectory= of Kamailio's unit, since /run is empty after a boot)" : string.Empty)}, or {Shorter(name)}";

    private static ModuleParameter? Last(string module, string name, SnippetUse use) => use.Config.Of(module, name).LastOrDefault();

    [GeneratedRegex(@"^\s*(?:user|uid)\s*=", RegexOptions.Multiline)]
    private static partial Regex UserLine();
}
