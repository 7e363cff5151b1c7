using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Config.Reading;
using KamRpcDispatcher.Doctor.Snippet.Checks;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>
/// Says whether a config uses the snippet rightly, before Kamailio is restarted with it: most of what is wrong then <c>kamailio -c</c> does not
/// see, since it starts no module, looks up no route, and skips what is inside a condition that is off.
/// </summary>
public static class SnippetCheckup
{
    /// <param name="file">The config that Kamailio is started with.</param>
    /// <param name="defines">Those of its command line (<c>-A</c>).</param>
    /// <param name="user">As whom Kamailio starts; null for whoever has started one here now.</param>
    public static SnippetReport Run(string file, IReadOnlyList<(string Name, string Value)> defines, string? user) => Run(file, defines, SnippetHost.Here(user));

    /// <param name="file">The config that Kamailio is started with.</param>
    /// <param name="defines">Those of its command line.</param>
    /// <param name="host">The machine that it is started on.</param>
    internal static SnippetReport Run(string file, IReadOnlyList<(string Name, string Value)> defines, SnippetHost host)
    {
        var known = new Defines(new Dictionary<string, string>());
        foreach (var (name, value) in defines)
        {
            known.Set(name, value);
        }

        var config = new ConfigReader(host.Read, known).Read(file);
        var use = new SnippetUse(config, defines);
        SnippetFinding[] findings =
        [
            .. IncludeChecks.Of(use), .. RouteChecks.Of(use), .. RecordRouteCheck.Of(use), .. OrderChecks.Of(use), .. DefineChecks.Of(use), .. ValueChecks.Of(use), .. FileChecks.Of(use, host), .. StartChecks.Of(use, host),
        ];
        return new SnippetReport(file, (use.Include ?? use.Head)?.Place, [.. use.Calls.Select(static call => call.Place)], findings);
    }
}
