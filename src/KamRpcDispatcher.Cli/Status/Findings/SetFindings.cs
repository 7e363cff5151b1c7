using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status.Findings;

/// <summary>What of one set is not as it should be.</summary>
internal sealed class SetFindings(SetCalls set, ClusterCalls calls)
{
    private const int LongestName = 40;

    private readonly string _name = FormattableString.Invariant($"set {set.Set}");

    /// <summary>Those whose address another name has are a finding of their own.</summary>
    private readonly HashSet<MemberKey> _leftOut = [.. AddressClaim.Of(set.Members.Select(static member => member.Announced!.InEffect)).SelectMany(static claim => claim.Others).Select(static member => member.Key)];

    public IEnumerable<StatusFinding> ToList() => [.. OfProxies(), .. OfMembers()];

    private IEnumerable<StatusFinding> OfProxies()
    {
        List<MemberCalls> members = [.. set.Members.Where(member => !_leftOut.Contains(member.Key))];
        var total = members.Count;
        var drained = new DrainedMembers(set.Set, total, [.. members.Where(static member => member.IsDrained)]);

        // Whom a split gives no share gets no calls as an operator wishes.
        var shared = drained.Others - members.Count(static member => member.Announced is { IsIdle: true, IsDrained: false });
        var isToldOfDrained = false;
        if (total == 0)
        {
            foreach (var finding in OfNobody())
            {
                yield return finding;
            }

            yield break;
        }

        if (set.Serving.Count == 0 && calls.Proxies.Count > 0)
        {
            // Of proxies with one name one is seen at a time: what the other one serves nobody knows.
            var twins = calls.Proxies.Where(static lens => lens.SharesItsName).ToList();
            yield return twins.Count == 0
                ? Found(FindingCode.SetWithoutDestination, null, ElsewhereFindings.SourcesOf(set.Set, calls) is { Count: > 0 } sources
                    ? $"{_name} has {Ages.Count(total, "member")} in etcd, and no proxy takes {(total == 1 ? "it" : "them")} from there: {string.Join("; ", sources)}"
                    : $"{_name} has {Ages.Count(total, "member")}, and no proxy serves it")
                : Found(
                    FindingCode.CallsNotKnown,
                    twins[0],
                    $"{_name} has {Ages.Count(total, "member")}, and no proxy that is seen serves it: whether another one does that reports as {ProxyNames.Of(twins)} too is not known, since one of them is seen at a time");
        }

        foreach (var lens in set.Serving)
        {
            // What a proxy said before it lost its Kamailio is told by that.
            if (lens.Status is not { } status || lens.IsKamailioLost || status.Hangs || lens.Age.Freshness is ReportFreshness.Stale or ReportFreshness.Doubtful)
            {
                continue;
            }

            if (lens.WhyUnknown is null && !lens.Knows(set.Set))
            {
                yield return Found(FindingCode.CallsNotKnown, lens, $"{_name}: how it is on {lens.Name} is not known: the report has no room for it among others that are not as they should be");
                continue;
            }

            var isNamed = status.Sets.TryGetValue(set.Set, out var counts);
            if (!isNamed && (lens.WhyUnknown is not null || lens.IsFineThoughNotNamed(set.Set)))
            {
                continue;
            }

            // Who is held back gets calls, though nobody announces that it should.
            var serving = counts.Held > 0 ? counts.Routable : counts.Serving ?? counts.Routable;
            if (counts.Routable == 0)
            {
                isToldOfDrained |= drained.AreAll;
                yield return Found(FindingCode.SetWithoutDestination, lens, $"{_name} has {Ages.Count(total, "member")}{drained.Each} and no routable destination on {lens.Name}: every call to it fails there{drained.Advice}");
            }
            else if (serving * 2 < shared)
            {
                yield return Found(FindingCode.SetBelowHalf, lens, FormattableString.Invariant($"{_name}: {serving} of {shared} members {(serving == 1 ? "gets" : "get")} calls on {lens.Name}, less than half"));
            }

            if (lens.FullOf(set.Set) is { } full)
            {
                yield return Found(FindingCode.SetFull, lens, FormattableString.Invariant($"{_name}: every routable destination on {lens.Name} is full (all {full} calls of their maxload are up): algorithm 10 has none there for another call until one ends"));
            }

            if (Unnamed(lens, counts) is var more and > 0)
            {
                yield return Found(FindingCode.MemberWithoutCalls, lens, $"{_name}: {Ages.Count(more, "more ready member")} without calls on {lens.Name}");
            }
            else if (lens.WhyUnknown is null && Unknown(lens, status) is { Count: > 0 } unknown)
            {
                yield return Found(
                    FindingCode.CallsNotKnown,
                    lens,
                    $"{_name}: whether {(unknown.Count == 1 ? SafeText.Shorten(unknown[0].Key.Name, LongestName) + " gets" : Ages.Count(unknown.Count, "ready member") + " get")} calls on {lens.Name} is not known: {MemberText.Silence(unknown[0], lens)}",
                    unknown.Count == 1 ? unknown[0].Key.Name : null);
            }
        }

        if (drained.AreAll && !isToldOfDrained)
        {
            var kept = set.Kept.Count == 0 ? string.Empty
                : set.Kept.Count == 1 ? $" but {SafeText.Shorten(set.Kept[0].Key.Name, LongestName)}, who went with others and is kept (PANIC)"
                : $" but {Ages.Number(set.Kept.Count)} who went with others and are kept (PANIC)";
            yield return Found(FindingCode.SetDrained, null, $"{_name} has nobody left{kept}: {drained.All}{drained.Advice}");
        }
    }

    /// <summary>A set of which nobody is announced, and to which a call meets nobody: who is held back was to keep it going.</summary>
    private IEnumerable<StatusFinding> OfNobody()
    {
        foreach (var proxies in set.WithoutAnybody.GroupBy(lens => (IsHeld: HeldBy(lens) > 0, IsOfBefore: lens.HasNothingLeftIn(set.Set))))
        {
            List<ProxyLens> where = [.. proxies];
            var held = where.Max(HeldBy);
            var who = held > 0 ? $"no member but {Ages.Number(held)} held back (PANIC)" : set.Departed.Count > 0 || proxies.Key.IsOfBefore ? "no member any more" : "no member";
            yield return new StatusFinding(
                held > 0 ? FindingCode.SetWithoutDestination : FindingCode.SetWithoutMembers,
                $"{_name} has {who}, and no routable destination on {ProxyNames.Of(where)}: every call to it fails there{(proxies.Key.IsOfBefore ? "; where none is routed to it any more, a restart of kamrpc dispatch there has it forgotten" : string.Empty)}")
            {
                Set = set.Set,
                Proxy = where.Count == 1 ? where[0].Proxy.Name : null,
            };
        }
    }

    /// <summary>An earlier version names those that it holds, and does not count them by set.</summary>
    private int HeldBy(ProxyLens lens) => Math.Max(lens.Status!.Sets[set.Set].Held, lens.Status.Held.Count(member => member.Key.Set == set.Set));

    /// <summary>The ready members of which nobody knows, where the proxy's being behind, or not following the members, does not tell why.</summary>
    private List<MemberCalls> Unknown(ProxyLens lens, ProxyStatus status) => lens.Lag.AreMissing ? [] :
        [.. set.Members.Where(member => member is { IsReady: true, Announced: { } announced } && status.Revision >= announced.ModRevision && lens.HasApplied(announced) && member.Remarks.Any(remark => remark.Lens == lens && remark is { Calls: CallState.Unknown, Deviation: null }))];

    /// <summary>The ready members without calls that the report counts and does not name.</summary>
    private int Unnamed(ProxyLens lens, SetStatus counts) => lens.WhyUnknown is not null || counts is not { Wanted: { } wanted, Serving: { } serving }
        ? 0
        : wanted - serving - lens.Deviations.Count(deviation => deviation.Set == set.Set && ProxyLens.KeepsFromCalls(deviation));

    private IEnumerable<StatusFinding> OfMembers()
    {
        foreach (var member in set.Members.Concat(set.Departed).Where(static member => member.IsTroubled))
        {
            // One finding a kind, whatever the number of proxies: each may have its own reason.
            foreach (var kind in member.Remarks.Where(static remark => remark.Deviation is { Kind: not DeviationKind.Leaving }).GroupBy(static remark => remark.Deviation!.Kind))
            {
                if (CodeOf(kind.Key) is not { } code || (kind.Key == DeviationKind.Superseded && _leftOut.Contains(member.Key)) || (kind.Key == DeviationKind.Serving && member.IsDrained))
                {
                    continue;
                }

                var first = kind.First();
                List<ProxyLens> proxies = [.. kind.Select(static remark => remark.Lens).Distinct()];
                yield return new StatusFinding(
                    code,
                    $"{_name}: {SafeText.Shorten(member.Key.Name, LongestName)} {(ProxyLens.KeepsFromCalls(first.Deviation!) ? "is ready and gets no calls" : "is not as wished")} on {ProxyNames.Of(proxies)}: it {DeviationText.Of(first.Deviation!, calls.Now)}")
                {
                    Set = set.Set,
                    Member = member.Key.Name,
                    Proxy = proxies.Count == 1 ? first.Lens.Proxy.Name : null,
                };
            }
        }
    }

    /// <summary>Null where another finding of the proxy tells it. Whoever is drained and still gets calls is told before all else.</summary>
    public static string? CodeOf(string kind) => kind switch
    {
        DeviationKind.Missing or DeviationKind.Refused or DeviationKind.Inactive or DeviationKind.Disabled => FindingCode.MemberWithoutCalls,
        DeviationKind.Superseded => FindingCode.AddressHeld,
        DeviationKind.Serving => FindingCode.MemberStillServing,
        DeviationKind.Held => null,
        _ => FindingCode.Deviation,
    };

    private StatusFinding Found(string code, ProxyLens? lens, string text, string? member = null) => new(code, text) { Set = set.Set, Member = member, Proxy = lens?.Proxy.Name };
}
