using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>The sets of proxies whose members come from elsewhere than etcd: who they are is not seen in it, but how they stand, as far as the proxies report.</summary>
internal static class ElsewhereFindings
{
    /// <summary>Where their members are named.</summary>
    public const string Where = "'kamrpc status' and 'kamrpc explain' on its host, without --etcd, name its members";

    private const int LongestName = 40;
    private const int MostMembers = 10;

    /// <summary><c>set 2 of p1 comes from file:/etc/kamrpc/members.json</c>, for each proxy where the set's members come from elsewhere than etcd.</summary>
    public static IReadOnlyList<string> SourcesOf(int set, ClusterCalls calls) => [.. calls.Proxies.Select(lens => SourceOf(lens, set)).OfType<string>()];

    /// <summary>Behind a member's record in etcd; nothing where every proxy goes by it.</summary>
    public static string NotFollowed(int set, ClusterCalls calls) => SourcesOf(set, calls) is { Count: > 0 } sources ? $"; not followed everywhere: {string.Join("; ", sources)}" : string.Empty;

    /// <summary>How these sets stand, a line each.</summary>
    public static IEnumerable<string> Lines(ClusterCalls calls) =>
        from lens in calls.Proxies
        from set in SetsOf(lens)
        select $"{SourceOf(lens, set.Key)}: {(lens.WhyUnknown is { } doubt ? $"how it stands is not known: {doubt}"
            : set.Value is { Wanted: { } wanted, Serving: { } serving } ? FormattableString.Invariant($"{serving} of {Ages.Count(wanted, "ready member")} {(serving == 1 ? "gets" : "get")} calls")
            : FormattableString.Invariant($"{Ages.Count(set.Value.Routable, "destination")} may get calls"))}; {Where}";

    /// <summary>What of them is not as it should be.</summary>
    public static IEnumerable<StatusFinding> Of(ProxyLens lens, ClusterCalls calls)
    {
        foreach (var source in lens.Status?.SourcesAway.Where(source => IsShown(source, calls)) ?? [])
        {
            yield return new StatusFinding(FindingCode.SourceAway, $"proxy {lens.Name}: {SourceText.Away(source.Name, source.AwaySince!.Value, source.Reason, calls.Now)}") { Proxy = lens.Proxy.Name };
        }

        foreach (var (set, counts) in lens.WhyUnknown is null ? SetsOf(lens) : [])
        {
            if (counts is { Routable: 0, Wanted: { } wanted })
            {
                yield return new StatusFinding(
                    wanted > 0 ? FindingCode.SetWithoutDestination : FindingCode.SetWithoutMembers,
                    $"{SourceOf(lens, set)}, and has {(wanted > 0 ? Ages.Count(wanted, "ready member") : "no ready member")} and no routable destination: every call to it fails there") { Set = set, Proxy = lens.Proxy.Name };
            }
            else if (counts.Serving < counts.Wanted)
            {
                yield return new StatusFinding(FindingCode.MemberWithoutCalls, $"{SourceOf(lens, set)}, and {Ages.Number(counts.Wanted.Value - counts.Serving.Value)} of {Ages.Count(counts.Wanted.Value, "ready member")} without calls there") { Set = set, Proxy = lens.Proxy.Name };
            }

            foreach (var deviation in lens.Deviations.Where(deviation => deviation.Set == set && deviation.Kind is not (DeviationKind.Leaving or DeviationKind.Held)).Take(MostMembers))
            {
                yield return new StatusFinding(
                    SetFindings.CodeOf(deviation.Kind) ?? FindingCode.Deviation,
                    FormattableString.Invariant($"set {set}: {SafeText.Shorten(deviation.Name, LongestName)} {(ProxyLens.KeepsFromCalls(deviation) ? "is ready and gets no calls" : "is not as wished")} on {lens.Name}: it {DeviationText.Of(deviation, calls.Now)}"))
                {
                    Set = set,
                    Member = deviation.Name,
                    Proxy = lens.Proxy.Name,
                };
            }
        }
    }

    /// <summary>Whether it brings a set that is shown, or may.</summary>
    private static bool IsShown(ReportedSource source, ClusterCalls calls) => calls.Shown is not { } shown || source.Sets.IsEmpty || source.MoreSets > 0 || source.Sets.Any(shown.Contains);

    /// <summary>Whether a proxy has ready members of sets that come from elsewhere.</summary>
    public static bool HasMembers(ClusterCalls calls) => calls.Proxies.SelectMany(SetsOf).Any(static set => set.Value.Wanted > 0);

    private static string? SourceOf(ProxyLens lens, int set) => lens.Proxy.Status?.ElsewhereOf(set) is { } source ? FormattableString.Invariant($"set {set} of {lens.Name} {source}") : null;

    /// <summary>Of a set that none of its sources brings there is nothing to tell, unless something is left in it.</summary>
    private static IEnumerable<KeyValuePair<int, SetStatus>> SetsOf(ProxyLens lens) => lens.Status is not { HasSources: true } status ? [] : status.Sets.Where(set => status.ElsewhereOf(set.Key) is not null);
}
