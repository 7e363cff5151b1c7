using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Health;

/// <summary>Judges whether calls should come to a proxy. What is no reason for a VIP to leave, since it may be so at all proxies at once while calls go well, is none: etcd is away, a change waits, a member is refused.</summary>
/// <param name="proxy">The proxy's name.</param>
/// <param name="sets">The sets that count; null for all.</param>
/// <param name="now">The time.</param>
internal sealed class HealthJudge(string proxy, IReadOnlySet<int>? sets, DateTimeOffset now)
{
    /// <summary>A Kamailio that takes changes of state takes them within moments.</summary>
    internal static readonly TimeSpan OwedPatience = TimeSpan.FromSeconds(10);

    private const int LongestReason = 300;
    private const int LongestBy = 64;

    /// <summary>By what the dispatcher answers; null where it does not know: it has not seen Kamailio's list yet, or knows no members.</summary>
    public HealthVerdict? OfDispatcher(StatusAnswer answer)
    {
        if (answer.Report is not { } report)
        {
            return null;
        }

        var counted = report.Sets.Where(set => set.Value.Wanted is not null && Counts(set.Key)).Select(static set => KeyValuePair.Create(set.Key, set.Value.Routable)).ToList();
        var verdict = Reason(answer, report, counted);
        return verdict is null ? null : verdict with
        {
            Proxy = proxy,
            By = "dispatcher",
            Age = answer.Age,
            Sets = counted,
            Drain = report.Intent is { IsDrained: true } drain ? new HealthDrain(drain.By, drain.At, drain.Reason) : null,
            EtcdAwaySince = answer.EtcdAwaySince,
            SourcesAway = [.. report.SourcesAway],
        };
    }

    /// <summary>By Kamailio's own list, where no dispatcher says more.</summary>
    /// <param name="listing">The list.</param>
    /// <param name="why">Why the dispatcher does not, safe to print.</param>
    /// <param name="drain">Whose drain it is under by etcd; null for nobody's, and where nobody knows.</param>
    /// <param name="unknown">Why nobody knows that, safe to print; null where it is known.</param>
    public HealthVerdict OfKamailio(KamailioListing listing, string why, HealthDrain? drain, string? unknown)
    {
        var routable = listing.RoutableBySet();
        List<KeyValuePair<int, int>> counted =
        [
            .. routable.Keys.Union(sets ?? new HashSet<int>()).Where(Counts).Order().Select(set => KeyValuePair.Create(set, routable.GetValueOrDefault(set))),
        ];
        var without = Without(counted);
        var verdict = drain is not null ? new HealthVerdict(HealthReason.Drained, Drained(drain))
            : counted.Count == 0 ? new HealthVerdict(HealthReason.NobodyToRouteTo, $"nothing of cluster {SafeText.Shorten(listing.Cluster)} is in Kamailio's list")
            : without.Count > 0 ? NobodyIn(without)
            : new HealthVerdict(HealthReason.Healthy, $"Kamailio answers, and has somebody to route to in {SetsOf(counted)}");
        var drains = drain is null && unknown is not null ? $"; whether an operator has drained it is not known: {unknown}" : string.Empty;
        return verdict with { Text = $"{verdict.Text}; seen now, by Kamailio's list alone, which nobody keeps in step: {why}{drains}", Proxy = proxy, By = "kamailio", Age = TimeSpan.Zero, Sets = counted, Drain = drain };
    }

    private HealthVerdict? Reason(StatusAnswer answer, ProxyStatus report, List<KeyValuePair<int, int>> counted)
    {
        if (report.Intent is { IsDrained: true } drain)
        {
            return new HealthVerdict(HealthReason.Drained, Drained(new HealthDrain(drain.By, drain.At, drain.Reason)));
        }

        if (report.Contact is { Answers: false } contact)
        {
            return new HealthVerdict(HealthReason.KamailioLost, $"Kamailio does not answer, for {Ages.Show(now - contact.Since)}{(contact.Reason is { } reason ? $" ({SafeText.Shorten(reason, LongestReason)})" : string.Empty)}");
        }

        if (report is { Hangs: true, Loop: { } loop })
        {
            return new HealthVerdict(HealthReason.DispatcherHangs, $"the dispatcher hangs, so that nothing is followed ({LoopText.Of(loop)})");
        }

        if (report.Contact is null || (report.Kamailio.Length == 0 && report.Sets.IsEmpty))
        {
            return null;
        }

        var without = Without(counted);
        return without.Count > 0 ? NobodyIn(without)
            : answer.OwedFor >= OwedPatience ? new HealthVerdict(HealthReason.NotInStep, $"Kamailio has not taken {Ages.Count(answer.Owed, "change")} of state for {Ages.Show(answer.OwedFor)}: who is to get no calls may get them")
            : new HealthVerdict(HealthReason.Healthy, $"Kamailio answers, is in step, and {(counted.Count == 0 ? "no set has members" : $"has somebody to route to in {SetsOf(counted)}")}; seen {Ages.Show(answer.Age)} ago{Remarks(answer, report)}");
    }

    private bool Counts(int set) => sets?.Contains(set) ?? true;

    private string Remarks(StatusAnswer answer, ProxyStatus report) =>
        (answer.EtcdAwaySince is { } since ? $"; etcd cannot be followed for {Ages.Show(now - since)} ({SafeText.Shorten(answer.EtcdReason ?? string.Empty, LongestReason)}), so it goes by what it held then" : string.Empty)
        + string.Concat(report.SourcesAway.Select(source => $"; {SourceText.Away(source.Name, source.AwaySince!.Value, source.Reason, now)}"))
        + (report.IsFromSnapshot ? "; by the saved membership" : string.Empty);

    private string Drained(HealthDrain drain)
    {
        var by = string.IsNullOrEmpty(drain.By) ? "an operator" : SafeText.Shorten(drain.By, LongestBy);
        var reason = string.IsNullOrEmpty(drain.Reason) ? string.Empty : $" ({SafeText.Shorten(drain.Reason, LongestReason)})";
        return $"{by} drained this proxy{(drain.At is { } at ? $" {Ages.Show(now - at)} ago" : string.Empty)}{reason}; 'kamrpc proxy resume {proxy}' takes it back{IntentOrigin.Forced}";
    }

    private static List<int> Without(IEnumerable<KeyValuePair<int, int>> counted) => [.. counted.Where(static set => set.Value == 0).Select(static set => set.Key)];

    private static HealthVerdict NobodyIn(List<int> without) => new(HealthReason.NobodyToRouteTo, $"nobody to route to in {SetsOf(without)}: calls to {(without.Count == 1 ? "it" : "them")} fail");

    private static string SetsOf(IEnumerable<KeyValuePair<int, int>> counted) => SetsOf(counted.Select(static set => set.Key).ToList());

    private static string SetsOf(List<int> counted) => $"set{(counted.Count == 1 ? string.Empty : "s")} {SetText.Numbers(counted)}";
}
