using System.Globalization;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Rollouts;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Operate.History;
using KamRpcDispatcher.Operate.Rollouts;
using KamRpcDispatcher.Operate.Rollouts.Rolling;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>What operators do, as it stands in etcd.</summary>
/// <param name="Rollouts">The rollouts.</param>
/// <param name="History">The last changes, the newest first.</param>
/// <param name="NotReadable">Why one of them could not be read; null where both could.</param>
internal sealed record PageOperations(IReadOnlyList<RolloutView> Rollouts, IReadOnlyList<StoredHistory> History, string? NotReadable)
{
    public static PageOperations None { get; } = new([], [], null);
}

/// <summary>Makes of a cluster what the page shows of it.</summary>
/// <param name="cluster">The cluster's name.</param>
/// <param name="proxy">Whose page it is; null for that of the whole cluster.</param>
/// <param name="calls">The cluster.</param>
internal sealed class PageBuilder(string cluster, string? proxy, ClusterCalls calls)
{
    public const int MostChanges = 20;

    private const int MostFindings = 50;
    private const int LongestText = 300;

    private static readonly string Version = typeof(PageBuilder).Assembly.GetName().Version?.ToString(fieldCount: 3) ?? "?";

    private readonly ProxyText _proxies = new(calls);

    public PageState Build(bool isKnown, PageEtcd etcd, IReadOnlyList<StatusFinding> findings, PageMembers members, PageOperations operations)
    {
        var shares = new SharedCalls(calls.Proxies.Where(lens => proxy is null || lens.Proxy.Name == proxy), calls.Now).Rows
            .GroupBy(static row => row.Of.Set).ToDictionary(static set => set.Key, static set => SharesOf([.. set]));
        List<PageMember> all = [.. members.All()];
        return new PageState
        {
            Cluster = cluster,
            Proxy = proxy,
            Version = Version,
            At = calls.Now,
            Known = isKnown,
            Etcd = etcd,
            Findings = isKnown ? [.. findings.Take(MostFindings).Select(static finding => new PageFinding(finding.Code, finding.Text, finding.Set, finding.Member, finding.Proxy)), .. More(findings.Count)] : [],
            Sets = [.. calls.Sets.Select(set => Set(set, shares)), .. OthersOnly(all)],
            Members = all,
            Proxies = [.. calls.Proxies.Select(Proxy)],
            Rollouts = [.. operations.Rollouts.Where(static view => view.Rollout is not { HasEnded: true } && (view.Rollout is not null || view.Error is not null)).Select(Rollout)],
            Changes = [.. operations.History.Take(MostChanges).Select(static stored => Change(stored.Entry))],
            NotReadable = operations.NotReadable,
        };
    }

    private static IEnumerable<PageFinding> More(int count) => count <= MostFindings ? []
        : [new PageFinding("more", FormattableString.Invariant($"{count - MostFindings} more: kamrpc status shows all"), null, null, null)];

    private static PageSet Set(SetCalls set, Dictionary<int, PageShare[]> shares)
    {
        var has = shares.GetValueOrDefault(set.Set) is { Length: > 0 };
        return new PageSet
        {
            Set = set.Set,
            Answer = SetAnswer.Of(set),
            Tone = ToneName.Of(set.IsAsWished && set.InDoubt.Count == 0 && !set.Serving.Any(lens => lens.FullOf(set.Set) is not null) ? Tone.Good : set.Unknown > 0 ? Tone.Odd : Tone.Bad),
            Members = set.Members.Count,
            Getting = set.Getting,
            Shares = shares.GetValueOrDefault(set.Set) ?? [],
            Commands = Commands(set.Set, has),
        };
    }

    /// <summary>Sets that have nothing but what somebody else put into Kamailio's list.</summary>
    private IEnumerable<PageSet> OthersOnly(List<PageMember> members) => members.Select(static member => member.Set).Distinct().Except(calls.Sets.Select(static set => set.Set)).Order()
        .Select(static set => new PageSet { Set = set, Answer = "nobody is announced; what is in Kamailio's list somebody else put there", Tone = ToneName.Of(Tone.Plain), Members = 0, Getting = 0, Commands = Commands(set, isShared: false) });

    /// <summary>kamcmd's list has all sets: no release can be asked for one.</summary>
    private static string[] Commands(int set, bool isShared) =>
    [
        "kamcmd dispatcher.list",
        .. isShared ? [string.Create(CultureInfo.InvariantCulture, $"kamcmd htable.get kamrpc_shares {set}")] : Array.Empty<string>(),
        string.Create(CultureInfo.InvariantCulture, $"kamrpc status --set {set}"),
    ];

    /// <summary>Of several proxies what they come to together; a class that one alone has with the proxy's name.</summary>
    private static PageShare[] SharesOf(List<SharedCalls.Row> rows)
    {
        var (areSeveral, summed) = (rows.Select(static row => row.Proxy).OfType<string>().Distinct().Count() > 1, rows.Where(static row => row.Proxy is null).Select(static row => row.Of.Class).ToHashSet());
        return [.. rows.Where(row => row.Proxy is null || !summed.Contains(row.Of.Class)).Select(row => new PageShare(
            SharedCalls.Name(row.Of.Class) + (areSeveral && row.Proxy is { } only ? $", at {only}" : string.Empty), Rounded(row.Wanted), Rounded(row.Measured), row.Of.Calls, row.Of.Since, row.Of.Until, row.IsCounted))];
    }

    private static double? Rounded(double? percent) => percent is { } some ? Math.Round(some, 1) : null;

    private PageProxy Proxy(ProxyLens lens)
    {
        if (lens.Status is not { } status)
        {
            return new PageProxy { Name = lens.Name, State = "unreadable: " + SafeText.Shorten(lens.Proxy.Error ?? "?", LongestText), Tone = ToneName.Of(Tone.Bad), KamailioTone = ToneName.Of(Tone.Plain), Doubt = lens.KindOfDoubt };
        }

        var (kamailio, state) = (_proxies.Kamailio(lens, status), _proxies.State(lens, status));
        return new PageProxy
        {
            Name = lens.Name,
            Kamailio = status.Contact is { Answers: false } ? "LOST" : kamailio.Text is { } text ? SafeText.Shorten(text) : null,
            KamailioTone = ToneName.Of(kamailio.Tone),
            State = state.Text ?? string.Empty,
            Tone = ToneName.Of(state.Tone),
            Behind = calls.Cluster.Behind(status) is > 0 and var behind ? behind : null,
            Drift = status.Drift > 0 ? status.Drift : null,
            ListSeenAt = status.AppliedAt,
            ReportedAt = lens.Age.Age is { } age ? calls.Now - age : null,
            Version = status.Version is { } version ? SafeText.Shorten(version) : null,
            Doubt = lens.KindOfDoubt,
            Troubles = [.. status.Troubles.Select(static trouble => SafeText.Shorten(trouble.Text, LongestText)), .. status.IsDrained ? ["drained by an operator"] : Array.Empty<string>()],
        };
    }

    private static PageRollout Rollout(RolloutView view)
    {
        if (view.Rollout is not { } rollout)
        {
            return new PageRollout { Set = view.Set, Kind = "?", Phase = "CANNOT BE READ", Tone = ToneName.Of(Tone.Bad), Said = SafeText.Shorten(view.Error ?? "?", LongestText) };
        }

        var isShared = rollout.Restart is null;
        return new PageRollout
        {
            Set = view.Set,
            Kind = RolloutText.Of(rollout.Kind),
            Phase = RolloutText.Of(rollout.Phase),
            Tone = ToneName.Of(rollout.Phase == RolloutPhase.Running && view.Runner is not null && view.IsAsWished ? Tone.Good : Tone.Odd),
            To = isShared ? SafeText.Shorten($"{rollout.Label}={rollout.To}") : null,
            Share = isShared ? RolloutAnswer.ShareOf(view, rollout) : null,
            Step = rollout.Restart is { } restart ? RollingText.Of(restart, view.Undrained) : FormattableString.Invariant($"step {rollout.Step + 1} of {rollout.Steps.Length}"),
            Done = rollout.Restart is { } rolling ? rolling.Members.Length == 0 ? null : (double)rolling.In(RollingStage.Done).Count / rolling.Members.Length : rollout.Share / 1000.0,
            Since = rollout.Since,
            RunBy = view.Runner is { } runner ? SafeText.Shorten(FormattableString.Invariant($"{runner.By} ({runner.Host}, {runner.Pid})"), LongestText) : "NOBODY",
            Said = (view.IsAsWished ? RolloutAnswer.SaysNow(view) ?? rollout.Message ?? rollout.Reason : view.SplitError is not null ? $"the split {RolloutAnswer.SplitOf(view)}" : $"{(view.Split is null ? "there is no split" : $"the split is {RolloutAnswer.SplitOf(view)}")}, not what the rollout wishes") is { } said ? SafeText.Shorten(said, LongestText) : null,
        };
    }

    private static PageChange Change(HistoryEntry entry) => new(
        entry.At,
        SafeText.Shorten(entry.By),
        SafeText.Shorten(entry.What),
        SetText.Numbers(entry.Sets),
        SafeText.Shorten(HistoryAnswer.Whom(entry), LongestText),
        HistoryAnswer.Change(entry) is { } change ? SafeText.Shorten(change, LongestText) : null,
        HistoryAnswer.Applied(entry) is { } applied ? SafeText.Shorten(applied, LongestText) : null);
}
