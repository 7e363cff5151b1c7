using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Telemetry;

namespace KamRpcDispatcher.Cli.Page;

/// <summary>The members as the page shows them, with Kamailio's entries beside where this machine's dispatcher reads them.</summary>
/// <param name="calls">The cluster.</param>
/// <param name="cycle">What the dispatcher went by last; null for the whole cluster's page.</param>
/// <param name="latencies">How long pings are answered in.</param>
/// <param name="plots">The calls of members.</param>
internal sealed class PageMembers(ClusterCalls calls, ObservedCycle? cycle, LatencySample latencies, IReadOnlyDictionary<MemberKey, IReadOnlyList<long?>> plots)
{
    private const string Gone = "left";

    /// <summary>The name in <c>attrs</c> by which kamrpc knows its entries again.</summary>
    private const string Mark = "kamrpc";

    private const int LongestReason = 200;

    private readonly MemberText _words = new(calls);
    private readonly ILookup<(int Set, string Endpoint), ListedDestination> _entries =
        (cycle?.Destinations ?? []).Where(static entry => entry.Set != MemberKey.ReservedSet && !ClassSets.Has(entry.Set)).ToLookup(static entry => (entry.Set, ObservedCycle.EndpointOf(entry.Uri)));

    public IEnumerable<PageMember> All()
    {
        var shown = new HashSet<ListedDestination>(ReferenceEqualityComparer.Instance);
        foreach (var set in calls.Sets)
        {
            foreach (var member in set.Members.Concat(set.Departed))
            {
                var entries = _entries[(member.Key.Set, ObservedCycle.EndpointOf(member.Uri))].ToList();
                shown.UnionWith(entries);
                yield return Of(member, set, entries);
            }
        }

        foreach (var entry in _entries.SelectMany(static same => same).Where(entry => !shown.Contains(entry)))
        {
            yield return OfOthers(entry);
        }
    }

    private PageMember Of(MemberCalls member, SetCalls set, List<ListedDestination> entries)
    {
        // Where it stands twice, for a moment, that one counts which gets calls.
        var entry = entries.Find(static one => one.IsRoutable) ?? entries.FirstOrDefault();
        var announced = member.Announced;
        var intent = announced?.Intent is { IsDrained: true } drained ? drained : null;
        var left = announced is null ? member.Remarks[0].Deviation : null;
        return new PageMember
        {
            Id = member.Key.ToString(),
            Set = member.Key.Set,
            Name = member.Key.Name,
            Uri = member.Uri,
            Calls = MemberText.Calls(member.Everywhere),
            Tone = ToneName.Of(MemberText.ToneOf(member)),
            State = announced is null ? Gone : MemberText.StateName(announced),
            Since = announced is null ? left?.Since : intent?.At ?? announced.Member.Since,
            Static = announced is { IsStatic: true } ? true : null,
            Why = Shorten(announced is null ? left?.Kind == DeviationKind.Leaving ? left.Reason : null : intent is not null ? intent.Reason : announced.Member.Reason),
            By = intent is null ? announced?.Intent?.Weight is null ? null : IntentText.By(announced.Intent) : IntentText.By(intent),
            Weight = announced?.Intent?.Weight ?? announced?.Member.Weight,
            Remarks = [.. Remarks(member, set)],
            Flags = entry is not null ? Flags(entry) : cycle is not null ? "-" : MemberText.Flags(member),
            Latency = entry is null ? null : latencies.Of(entry),
            Load = entry is { Calls: > 0 } or { MaxLoad: > 0 } ? entry.Calls : null,
            MostLoad = entry is { MaxLoad: > 0 } ? entry.MaxLoad : null,
            Plot = plots.GetValueOrDefault(member.Key),
        };
    }

    /// <summary>An entry that an operator, or another cluster, has put there.</summary>
    private PageMember OfOthers(ListedDestination entry) => new()
    {
        Id = FormattableString.Invariant($"{entry.Set}*{entry.Uri}"),
        Set = entry.Set,
        Name = IsOurs(entry) ? SafeText.Shorten(AttributeList.FindExact(entry.Attributes, "duid") ?? "?") : "(not a member)",
        Uri = entry.Uri,
        Calls = MemberText.Calls(entry.IsRoutable ? CallState.All : CallState.None),
        Tone = ToneName.Of(Tone.Plain),
        State = IsOurs(entry) ? Gone : "in Kamailio's list only",
        Flags = Flags(entry),
        Latency = latencies.Of(entry),
        Load = entry is { Calls: > 0 } or { MaxLoad: > 0 } ? entry.Calls : null,
        MostLoad = entry is { MaxLoad: > 0 } ? entry.MaxLoad : null,
    };

    private static bool IsOurs(ListedDestination entry) => entry.IsExact && AttributeList.FindExact(entry.Attributes, Mark) is not null;

    /// <summary>As <see cref="MemberText.Full"/> says it, with times in place of ages.</summary>
    private static IEnumerable<PageRemark> Remarks(MemberCalls member, SetCalls set)
    {
        foreach (var kind in member.Remarks.Where(static remark => remark.Deviation is not null).GroupBy(static remark => remark.Deviation!.Kind))
        {
            var deviation = kind.First().Deviation!;
            yield return new PageRemark(
                MemberText.Where(kind.Select(static remark => remark.Lens), set) + DeviationText.What(deviation),
                DeviationText.Flags(deviation),
                deviation.Since,
                deviation.Until is null ? null : DeviationText.End(deviation),
                deviation.Until);
        }

        foreach (var lens in set.Serving)
        {
            if (MemberText.Starting(lens, member.Key) is { } start)
            {
                yield return new PageRemark(MemberText.Where([lens], set) + start);
            }
        }

        foreach (var (lens, state, deviation) in member.Remarks.Where(static remark => remark.Deviation is null))
        {
            if (state == CallState.FailOver && member is { IsReady: true, Announced: { } announced })
            {
                yield return new PageRemark(MemberText.Where([lens], set) + MemberText.FailOver(lens, announced));
            }
            else if (state == CallState.All)
            {
                yield return new PageRemark($"on {lens.Name}: GETS CALLS all the same: it {IntentText.NotFollowed}");
            }
            else if (state == CallState.Unknown)
            {
                yield return new PageRemark(MemberText.Where([lens], set) + MemberText.Silence(member, lens));
            }
        }

        if (member.Announced is { } own && IntentText.Weight(own.Intent) is { } weight)
        {
            yield return new PageRemark(weight);
        }

        if (member.Announced is { IsDrained: true } drained)
        {
            yield return new PageRemark("announced " + MemberStateName.Of(drained.Member.State), Since: drained.Member.Since);
        }
    }

    private static string? Shorten(string? reason) => string.IsNullOrEmpty(reason) ? null : SafeText.Shorten(reason, LongestReason);

    private static string Flags(ListedDestination entry) => entry.State switch
    {
        ListedState.Active => "A",
        ListedState.Inactive => "I",
        ListedState.Disabled => "D",
        _ => "T",
    } + (entry.Probing ? "P" : "X");
}

/// <summary>A tone's name on the page.</summary>
internal static class ToneName
{
    public static string Of(Tone tone) => tone switch
    {
        Tone.Good => "good",
        Tone.Bad => "bad",
        Tone.Odd => "odd",
        _ => "plain",
    };
}
