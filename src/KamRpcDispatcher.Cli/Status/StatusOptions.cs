using System.CommandLine;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>What of a cluster <c>kamrpc status</c> is to show, and how.</summary>
/// <param name="Sets">These only; null for all.</param>
/// <param name="Proxies">These only; empty for all.</param>
/// <param name="Ignored">Codes of findings that do not count.</param>
/// <param name="ShowsAll">Whether those that are as they should be are listed too, however many there are.</param>
/// <param name="IsVerbose">Whether figures, versions, labels and attributes are shown.</param>
internal sealed record StatusOptions(IReadOnlySet<int>? Sets, IReadOnlySet<string> Proxies, IReadOnlySet<string> Ignored, bool ShowsAll, bool IsVerbose)
{
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to show (repeatable). [default: every set]", OptionGroup.Subject);
    private static readonly Option<string[]> Proxy = CommonOptions.Texts("--proxy", "A proxy to show (repeatable). [default: every proxy]", OptionGroup.Subject);
    private static readonly Option<string[]> Ignore = CommonOptions.Texts("--ignore", "The code of a finding that does not count (repeatable), such as two-proxies-on-one-host.", OptionGroup.Subject, [.. FindingCode.All]);
    private static readonly Option<bool> All = new CliOption<bool>("--all") { Group = OptionGroup.Subject, Description = "Lists every member and proxy. Else, where they are many, those that are as they should be are counted." };
    private static readonly Option<bool> Verbose = new CliOption<bool>("--verbose", "-v") { Group = OptionGroup.Subject, Description = "Shows labels, attributes, versions, hosts, what Kamailio's list holds, and the figures of grace periods too." };

    /// <summary>Everything, shortly.</summary>
    public static StatusOptions Default { get; } = new(null, new HashSet<string>(), new HashSet<string>(), ShowsAll: false, IsVerbose: false);

    public static void AddTo(Command command) => CommonOptions.Add(command, Set, Proxy, Ignore, All, Verbose);

    public static StatusOptions Read(OptionReader options)
    {
        var ignored = IgnoredNames.OfStatus(options, Ignore);

        // Somebody of before may have any name.
        var proxies = options.Texts(Proxy).SelectMany(static texts => texts.Split(',')).ToHashSet(StringComparer.Ordinal);
        if (proxies.Contains(string.Empty))
        {
            options.Add(Proxy, "the name is empty; kamrpc status without it shows the names of those that report");
        }

        return new StatusOptions(
            CommonOptions.Sets(options, Set),
            proxies,
            ignored,
            options.Flag(All),
            options.Flag(Verbose));
    }

    /// <summary>The part of a cluster that is to be shown; the reports are whole, see <see cref="ProxyLens"/>.</summary>
    public ClusterView Filter(ClusterView view)
    {
        var proxies = view.Proxies.Where(proxy => Proxies.Count == 0 || Proxies.Contains(proxy.Name));
        view = Proxies.Count == 0 ? view : view with { ProxyIntents = view.ProxyIntents.RemoveRange(view.ProxyIntents.Keys.Except(Proxies)) };
        if (Sets is not { } sets)
        {
            return view with { Proxies = [.. proxies] };
        }

        List<AnnouncedMember> members = [.. view.Members.Where(announced => sets.Contains(announced.Member.Key.Set))];
        var intents = view.Intents.RemoveRange(view.Intents.Keys.Where(key => !sets.Contains(key.Set)));
        return view with
        {
            Intents = intents,
            NewestIntentOfShown = intents.Values.Select(static stored => stored.ModRevision).DefaultIfEmpty(0).Max(),
            Members = members,
            SetsNotShown = [.. view.Members.Select(static announced => announced.Member.Key.Set).Where(set => !sets.Contains(set)).Distinct()],
            Proxies = [.. proxies],
            NewestOfShown = members.Select(static announced => announced.ModRevision).DefaultIfEmpty(0).Max(),
        };
    }

    /// <summary>Those that count.</summary>
    public IReadOnlyList<StatusFinding> Findings(ClusterCalls calls) =>
        [.. Absent(calls).Concat(new StatusFindings(calls).ToList().Where(finding => Proxies.Count == 0 || finding.Code != FindingCode.NoProxy)).Where(finding => !Ignored.Contains(finding.Code))];

    /// <summary>Whoever names proxies expects them: one that has ended has no report that could be old.</summary>
    private IEnumerable<StatusFinding> Absent(ClusterCalls calls) => Proxies.Except(calls.Proxies.Select(static lens => lens.Proxy.Name)).Order(StringComparer.Ordinal).Select(static name =>
        new StatusFinding(FindingCode.NoProxy, $"proxy {SafeText.Shorten(name)} does not report: its dispatcher does not run, or does not reach etcd; its Kamailio goes on as before") { Proxy = name });
}
