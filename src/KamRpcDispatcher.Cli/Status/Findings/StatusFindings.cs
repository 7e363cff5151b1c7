using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>What of a cluster is not as it should be: who gets calls though an operator has drained it first, then who gets none, then the proxies.</summary>
internal sealed partial class StatusFindings(ClusterCalls calls)
{
    private const int LongestKind = 20;
    private const int LongestReason = 400;
    private const int MostRejected = 10;

    public IReadOnlyList<StatusFinding> ToList()
    {
        List<StatusFinding> ofSets = [.. calls.Sets.SelectMany(set => new SetFindings(set, calls).ToList())];
        var intents = new IntentFindings(calls);
        return
        [
            .. intents.Served(),
            .. NoProxy(),
            .. NoMembers(ofSets),
            .. SetsThatNobodyHas(),
            .. ofSets,
            .. calls.Proxies.SelectMany(lens => ElsewhereFindings.Of(lens, calls)),
            .. calls.Proxies.SelectMany(OfProxy),
            .. TwoOnOneHost(),
            .. ShareWays(),
            .. intents.NotInForce(),
            .. Rejected(),
            .. SourcesAway(),
            .. new StatusClaims(calls.Cluster).Findings(),
        ];
    }

    /// <summary>Where proxies run somebody is to get calls. Whoever has just left, or is held back, is told with the set.</summary>
    private IEnumerable<StatusFinding> NoMembers(List<StatusFinding> ofSets)
    {
        var isTold = ofSets.Exists(static finding => finding.Code is FindingCode.SetWithoutMembers or FindingCode.SetWithoutDestination)
            || calls.Sets.Any(static set => set.Departed.Any(static member => member.IsTroubled)) || ElsewhereFindings.HasMembers(calls);
        if (calls.Shown is null && calls.Proxies.Count > 0 && calls.Cluster is { Members.Count: 0, Rejected.Count: 0, IsUntold: false } && !isTold)
        {
            yield return new StatusFinding(
                FindingCode.NoMembers,
                calls.Cluster.Sources.Count > 0 ? $"there are no members in {string.Join(", ", calls.Cluster.Sources.Select(static source => source.Name))}"
                : "nobody is announced: no announcer of this cluster is running, or none reaches etcd; --etcd and --cluster of announcers and dispatchers have to be the same");
        }
    }

    private IEnumerable<StatusFinding> SourcesAway() =>
        from source in calls.Cluster.Sources
        where source.AwaySince is not null
        select new StatusFinding(FindingCode.SourceAway, SourceText.Away(source.Name, source.AwaySince!.Value, source.Reason, calls.Now, calls.Cluster.IsUntold));

    /// <summary>Whoever names a set expects somebody in it.</summary>
    private IEnumerable<StatusFinding> SetsThatNobodyHas()
    {
        var announced = calls.AnnouncedSets;
        foreach (var set in (calls.Shown ?? new HashSet<int>()).Except(calls.Sets.Select(static set => set.Set)).Where(set => ElsewhereFindings.SourcesOf(set, calls).Count == 0).Order())
        {
            yield return new StatusFinding(FindingCode.SetWithoutMembers, FormattableString.Invariant($"set {set} has no member; {SetText.There(announced)}")) { Set = set };
        }
    }

    private IEnumerable<StatusFinding> NoProxy()
    {
        if (calls.Proxies.Count == 0)
        {
            yield return new StatusFinding(FindingCode.NoProxy, "no proxy reports: no dispatcher of this cluster is running, or none reaches etcd");
        }
    }

    private IEnumerable<StatusFinding> OfProxy(ProxyLens lens)
    {
        var name = $"proxy {lens.Name}";
        if (lens.Status is not { } status)
        {
            yield return Found(FindingCode.ReportUnreadable, calls.Cluster.Sources.Count > 0 ? $"{name} does not report: {lens.Proxy.Error}" : $"{name}: its report cannot be read");
            yield break;
        }

        if (Lost(lens, status) is { } lost)
        {
            yield return Found(FindingCode.KamailioLost, lost);
        }
        else if (!lens.IsOfOlderVersion && status.Contact is null)
        {
            yield return Found(FindingCode.KamailioLost, $"{name} has not seen its Kamailio yet: who gets calls there is not known");
        }

        if (status.Hangs)
        {
            yield return Found(FindingCode.DispatcherHangs, $"{name}: its dispatcher hangs, for {Ages.Show(lens.HangsFor)} ({LoopText.Of(status.Loop!)}): who gets calls there is not known, and nothing is followed; its log may say why, and a restart of it hurts no call");
        }

        if (lens.Lag is { IsLate: true } lag)
        {
            yield return new DepartedFinding(calls, lens).Found(lag);
        }

        if (lens.Age is { Freshness: ReportFreshness.Stale, Age: { } age })
        {
            yield return Found(
                FindingCode.ReportStale,
                $"{name} has not written its report for {Ages.Show(age)}, though it does so every {Ages.Show(ProxyStatus.WrittenEvery)}: what it says is of before; its log says why (the daemon hangs{(calls.Cluster.Sources.Count > 0 ? string.Empty : ", or etcd is full")})");
        }

        if (lens.Age.Freshness == ReportFreshness.Doubtful)
        {
            yield return Found(FindingCode.ReportStale, $"{name}: by this host's clock its report is old, or of the future: until it is known which, so is not who gets calls there");
        }

        if (lens.IsOfOlderVersion)
        {
            yield return Found(FindingCode.ReportOfOlderVersion, $"{name} runs an older kamrpc: whether its Kamailio answers, and who gets calls there, is not known");
        }

        foreach (var trouble in status.Troubles.Where(static trouble => trouble.Kind != TroubleKind.Kamailio))
        {
            yield return Found(CodeOf(trouble.Kind), $"{name}: {SafeText.Shorten(trouble.Kind, LongestKind)}: {SafeText.Shorten(trouble.Text, ProxyTrouble.MostTextLength)}");
        }

        if (status.Held.Length + status.MoreHeld is var held and > 0)
        {
            yield return Found(FindingCode.Held, $"{name} holds back {Ages.Count(held, "member")} (PANIC)");
        }

        if (status.Deviations.Count(static deviation => deviation.IsDoubted) is var doubted and > 0)
        {
            yield return Found(FindingCode.Held, $"{name} keeps {Ages.Count(doubted, "member")} for a moment: {(doubted == 1 ? "it" : "they")} went without a word, and may be back; whether {(doubted == 1 ? "it lives" : "they live")} shows within seconds");
        }

        if (status.Quarantined.Length + status.MoreQuarantined is var quarantined and > 0)
        {
            yield return Found(FindingCode.Quarantined, $"{name}: {Ages.Count(quarantined, "destination")} cannot be put into Kamailio");
        }

        if (status.Drift > 0 && !status.OwesOnlyRefused)
        {
            yield return Found(FindingCode.Drift, $"{name} owes {Ages.Count(status.Drift, "change")}");
        }

        var behind = calls.Cluster.BehindMembers(status);
        if (behind > 0)
        {
            yield return Found(FindingCode.Behind, status.Revision == 0 ? $"{name} has nothing in force yet of what members have announced" : $"{name} is {Ages.Count(behind, "revision")} behind the newest member record");
        }

        if ((behind == 0 || status.Revision > 0) && calls.Cluster.BehindIntents(status) is var intents and > 0)
        {
            yield return Found(FindingCode.Behind, $"{name} is {Ages.Count(intents, "revision")} behind the newest intent of an operator's");
        }

        if (lens.IsAtChanges)
        {
            yield return Found(FindingCode.Behind, $"{name} is at changes, and has not read Kamailio's list for {Ages.Show(status.ListAge)}{(status.Loop is { } loop ? $" ({LoopText.Of(loop)})" : string.Empty)}: what it says is as of then");
        }

        if (status.IsFromSnapshot)
        {
            yield return Found(FindingCode.Snapshot, $"{name} works from a saved membership");
        }

        StatusFinding Found(string code, string text) => new(code, text) { Proxy = lens.Proxy.Name };
    }

    private string? Lost(ProxyLens lens, ProxyStatus status)
    {
        return status.Contact is { Answers: false } contact ? Sentence(contact.Since, contact.Reason ?? string.Empty)
            : lens.LostTrouble is { } trouble ? Sentence(trouble.Since, trouble.Text)
            : null;

        string Sentence(DateTimeOffset since, string reason) =>
            $"proxy {lens.Name}: Kamailio does not answer, for {Ages.Show(calls.Now - since)}: who gets calls there is not known{(reason.Length > 0 ? $" ({SafeText.Shorten(reason, LongestReason)})" : string.Empty)}";
    }

    /// <summary>The trouble's kind is a proxy's word, perhaps of a newer version: it is a part of the code if it looks like one.</summary>
    private static string CodeOf(string kind) => kind switch
    {
        TroubleKind.Name => FindingCode.NameHeld,
        TroubleKind.Duplicate => FindingCode.AddressHeld,
        _ => Word().IsMatch(kind) ? FindingCode.Trouble + kind : FindingCode.OddTrouble,
    };

    private IEnumerable<StatusFinding> TwoOnOneHost()
    {
        // A place is one PID namespace of one boot: containers are hosts of their own.
        foreach (var place in calls.Proxies.Where(static lens => lens.Status?.Identity is not null).GroupBy(static lens => lens.Status!.Identity!.Machine).Where(static place => place.Count() > 1))
        {
            var identity = place.First().Status!.Identity!;
            yield return new StatusFinding(
                FindingCode.TwoProxiesOnOneHost,
                $"{string.Join(", ", place.Select(static lens => $"{lens.Name} (Kamailio at {SafeText.Shorten(lens.Status!.Identity!.Kamailio, 128)})"))} are on one host, {SafeText.Shorten(identity.Host)}: if each is to have its Kamailio there, --ignore {FindingCode.TwoProxiesOnOneHost}")
            {
                Proxy = place.First().Proxy.Name,
            };
        }
    }

    /// <summary>The same weights would be other shares on each.</summary>
    private IEnumerable<StatusFinding> ShareWays()
    {
        List<IGrouping<string, ProxyLens>> ways = [.. calls.Proxies.Where(static lens => lens.Status?.Shares is not null).GroupBy(static lens => lens.Status!.Shares!.Way).OrderBy(static way => way.Key, StringComparer.Ordinal)];
        if (ways.Count > 1)
        {
            yield return new StatusFinding(
                FindingCode.ShareWaysDiffer,
                $"proxies share calls by weights in different ways: {string.Join("; ", ways.Select(static way => $"{ProxyNames.Of([.. way])} by --share {SafeText.Shorten(way.Key, LongestKind)}"))}: start kamrpc dispatch with the same --share everywhere");
        }
    }

    private IEnumerable<StatusFinding> Rejected()
    {
        var rejected = calls.Cluster.Rejected;
        foreach (var record in rejected.Take(MostRejected))
        {
            yield return new StatusFinding(FindingCode.Rejected, MemberText.Of(record));
        }

        if (rejected.Count > MostRejected)
        {
            yield return new StatusFinding(FindingCode.Rejected, Ages.Count(rejected.Count - MostRejected, "more record") + " rejected");
        }
    }

    [GeneratedRegex("^[a-z][a-z-]{0,30}$", RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
