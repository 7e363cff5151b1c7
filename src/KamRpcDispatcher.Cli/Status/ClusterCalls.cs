using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>How a member stands at one proxy, where that has to be told.</summary>
internal readonly record struct Remark(ProxyLens Lens, CallState Calls, Deviation? Deviation);

/// <summary>A member, over all proxies that serve its set.</summary>
/// <param name="Key">Its set and name.</param>
/// <param name="Uri">Its address.</param>
/// <param name="Announced">Its record; null of one that has left.</param>
/// <param name="Calls">Whether it gets calls, where that is known.</param>
/// <param name="Remarks">The proxies at which it is not as it should be, or that do not know.</param>
internal sealed record MemberCalls(MemberKey Key, string Uri, AnnouncedMember? Announced, CallState Calls, IReadOnlyList<Remark> Remarks)
{
    /// <summary>Whether it is to get calls: it says that it is ready, and no operator has drained it.</summary>
    public bool IsReady => Announced?.Effective == MemberState.Ready;

    /// <summary>Whether an operator has drained it, and it would get calls else.</summary>
    public bool IsDrained => Announced is { IsDrained: true };

    /// <summary>Whether it is not as its record and an operator wish it, at some proxy.</summary>
    public bool IsTroubled => IsServedThoughDrained || Remarks.Any(static remark => remark.Deviation is { Kind: not DeviationKind.Leaving });

    /// <summary>Whether an operator has drained it, and it gets calls all the same.</summary>
    public bool IsServedThoughDrained => IsDrained && Remarks.Any(static remark => remark.Calls == CallState.All);

    /// <summary>Whether some proxy whose report is to be believed does not tell.</summary>
    public bool IsPartlyUnknown => Calls != CallState.Unknown && Remarks.Any(static remark => remark.Calls == CallState.Unknown);

    /// <summary>How many proxies serve its set of which nobody knows what is so there.</summary>
    public int InDoubt { get; init; }

    /// <summary>Whether it gets calls from all proxies, from none, or from some: only where that is known.</summary>
    public CallState Everywhere => Calls == CallState.Some || (InDoubt == 0 && !IsPartlyUnknown) ? Calls : CallState.Unknown;

    /// <summary>What is shown in a word beside the proxies that are in doubt: that it gets calls from those that are known, but not that it gets none, which is a reason to stop its server.</summary>
    public CallState Shown => Calls == CallState.None ? Everywhere : Calls;
}

/// <summary>A set, over all proxies that serve it.</summary>
/// <param name="Set">Its number.</param>
/// <param name="Members">Those that are announced, by name.</param>
/// <param name="Departed">Those that have left and still stand at some proxy.</param>
/// <param name="Serving">The proxies that serve it.</param>
internal sealed record SetCalls(int Set, IReadOnlyList<MemberCalls> Members, IReadOnlyList<MemberCalls> Departed, IReadOnlyList<ProxyLens> Serving)
{
    /// <summary>How many get calls from each proxy that is known, and from some of them only, and of how many that is not known.</summary>
    public int Getting { get; } = Members.Count(static member => member is { Calls: CallState.All, IsPartlyUnknown: false });

    /// <summary>How many get only what fails over.</summary>
    public int FailOverOnly { get; } = Members.Count(static member => member is { Calls: CallState.FailOver, IsPartlyUnknown: false });

    public int Partly { get; } = Members.Count(static member => member.Calls == CallState.Some);

    public int Unknown { get; } = Members.Count(static member => member.Calls == CallState.Unknown || member is { IsPartlyUnknown: true, Calls: not CallState.Some });

    /// <summary>How many an operator has drained that would get calls else.</summary>
    public int Drained { get; } = Members.Count(static member => member.IsDrained);

    /// <summary>Those who went without a word with many others, are kept as they were, and get calls.</summary>
    public IReadOnlyList<MemberCalls> Kept { get; } = [.. Departed.Where(static member => member.Calls is CallState.All or CallState.Some && member.Remarks.Any(static remark => remark.Deviation is { Kind: DeviationKind.Held, IsDoubted: false }))];

    /// <summary>Whether operators have drained everybody who is announced: nobody is left.</summary>
    public bool IsAllDrained => Drained > 0 && Drained == Members.Count;

    /// <summary>The proxies of which nobody knows what is so there.</summary>
    public IReadOnlyList<ProxyLens> InDoubt { get; } = [.. Serving.Where(static lens => lens.WhyUnknown is not null)];

    /// <summary>The proxies on which a call to the set meets nobody, where nobody is announced who would have to be found for it.</summary>
    public IReadOnlyList<ProxyLens> WithoutAnybody { get; } = Members.Count > 0 ? [] : [.. Serving.Where(lens => lens.HasNobodyIn(Set))];

    /// <summary>Whether each member that is ready gets calls from every proxy, no other does, as far as is known, and not all are drained.</summary>
    public bool IsAsWished => !IsAllDrained && WithoutAnybody.Count == 0 && Members.All(static member => !member.IsTroubled && !member.IsPartlyUnknown && (member.Calls is CallState.All or CallState.FailOver || !member.IsReady)) && Departed.All(static member => !member.IsTroubled);
}

/// <summary>Who gets calls, by what the proxies report.</summary>
internal sealed class ClusterCalls
{
    /// <param name="cluster">What is to be shown of the cluster.</param>
    /// <param name="ages">How old its reports are.</param>
    /// <param name="now">The time.</param>
    /// <param name="shown">The sets that are to be shown; null for all.</param>
    public ClusterCalls(ClusterView cluster, ReportAges ages, DateTimeOffset now, IReadOnlySet<int>? shown = null)
    {
        Cluster = cluster;
        Now = now;
        Shown = shown;
        Proxies = [.. cluster.Proxies.Select(proxy => new ProxyLens(proxy, cluster.Members, ages, now, shown))];
        var departed = Departed(cluster, Proxies);
        Sets =
        [
            .. cluster.Members.Select(static announced => announced.Member.Key.Set).Concat(departed.Keys.Select(static key => key.Set)).Concat(Proxies.SelectMany(static lens => lens.SetsWithoutAnybody)).Distinct().Order()
                .GroupJoin(cluster.Members, static set => set, static announced => announced.Member.Key.Set, (set, members) => Of(set, members, departed)),
        ];
    }

    public ClusterView Cluster { get; }

    public DateTimeOffset Now { get; }

    /// <summary>Why nobody knows who the members are, in words behind a colon; null where that is known.</summary>
    public string? Untold => !Cluster.IsUntold ? null
        : Cluster.Sources.FirstOrDefault(static source => source.AwaySince is not null) is { } away ? $"{away.Name} has not told its members yet, for {Ages.Show(Now - away.AwaySince!.Value)}: {away.Reason}"
        : $"{string.Join(", ", Cluster.Sources.Select(static source => source.Name))} has not told its members yet";

    /// <summary>The sets that are to be shown; null for all.</summary>
    public IReadOnlySet<int>? Shown { get; }

    public IReadOnlyList<ProxyLens> Proxies { get; }

    /// <summary>Those in which somebody is announced or has just left, and those that a proxy serves and in which nobody gets calls.</summary>
    public IReadOnlyList<SetCalls> Sets { get; }

    /// <summary>The sets in which somebody is announced, those that are not shown too.</summary>
    public IReadOnlyList<int> AnnouncedSets => [.. Cluster.SetsNotShown.Concat(Sets.Where(static set => set.Members.Count > 0).Select(static set => set.Set)).Order()];

    /// <summary>Whether a proxy goes by members alone, though an operator wishes something of a set that it may serve. One that has not read them yet follows them all the same.</summary>
    public bool LacksIntents(ProxyLens lens) => lens.Status is { FollowsIntents: false } && Cluster.Intents.Keys.Any(key => lens.MayServe(key.Set));

    private SetCalls Of(int set, IEnumerable<AnnouncedMember> members, Dictionary<MemberKey, List<Remark>> departed)
    {
        IReadOnlyList<ProxyLens> serving = [.. Proxies.Where(lens => lens.Serves(set))];
        IReadOnlyList<ProxyLens> known = [.. serving.Where(static lens => lens.WhyUnknown is null)];
        var inDoubt = serving.Count - known.Count;
        return new SetCalls(
            set,
            [.. members.Select(announced => Of(announced, known) with { InDoubt = inDoubt })],
            [.. departed.Where(entry => entry.Key.Set == set).OrderBy(static entry => entry.Key).Select(entry => new MemberCalls(entry.Key, entry.Value[0].Deviation!.Uri, null, Sum(entry.Value.Select(static remark => remark.Calls)), WithDoubt(entry.Value, known)) { InDoubt = inDoubt })],
            serving);
    }

    private static MemberCalls Of(AnnouncedMember announced, IReadOnlyList<ProxyLens> known)
    {
        List<Remark>? remarks = null;
        var (isAny, isNone, isFailOver) = (false, false, false);
        var wished = announced.Effective == MemberState.Ready ? CallState.All : CallState.None;
        foreach (var lens in known)
        {
            var calls = lens.CallsOf(announced, out var deviation);
            (isAny, isNone, isFailOver) = (isAny || calls == CallState.All, isNone || calls == CallState.None, isFailOver || calls == CallState.FailOver);
            if (deviation is not null || calls != wished)
            {
                (remarks ??= []).Add(new Remark(lens, calls, deviation));
            }
        }

        return new MemberCalls(announced.Member.Key, announced.Member.Uri.Text, announced, Sum(isAny, isNone, isFailOver), remarks ?? (IReadOnlyList<Remark>)[]);
    }

    private static CallState Sum(IEnumerable<CallState> states)
    {
        var (isAny, isNone) = (false, false);
        foreach (var state in states)
        {
            (isAny, isNone) = (isAny || state == CallState.All, isNone || state == CallState.None);
        }

        return Sum(isAny, isNone);
    }

    /// <summary>Where proxies prefer zones each has calls for some, and what fails over for the others: those get calls.</summary>
    private static CallState Sum(bool isAny, bool isNone, bool isFailOver = false) => (isAny, isNone) switch
    {
        (true, true) => CallState.Some,
        (true, false) => CallState.All,
        (false, _) when isFailOver => CallState.FailOver,
        (false, true) => CallState.None,
        _ => CallState.Unknown,
    };

    /// <summary>One that does not name it may not have followed that it has left.</summary>
    private static List<Remark> WithDoubt(List<Remark> remarks, IReadOnlyList<ProxyLens> known) =>
        [.. remarks, .. known.Where(lens => lens.Lag.Records > 0 && remarks.TrueForAll(remark => remark.Lens != lens)).Select(static lens => new Remark(lens, CallState.Unknown, null))];

    /// <summary>What reports name that is not announced any more.</summary>
    private static Dictionary<MemberKey, List<Remark>> Departed(ClusterView cluster, IReadOnlyList<ProxyLens> proxies)
    {
        var announced = cluster.Members.Select(static member => member.Member.Key).ToHashSet();
        return proxies.Where(static lens => lens.WhyUnknown is null)
            .SelectMany(static lens => lens.Deviations.Where(deviation => lens.Proxy.Status?.ElsewhereOf(deviation.Set) is null).Select(deviation => new Remark(lens, ProxyLens.CallsOf(deviation), deviation)))
            .GroupBy(static remark => new MemberKey(remark.Deviation!.Set, remark.Deviation.Name))
            .Where(group => !announced.Contains(group.Key))
            .ToDictionary(static group => group.Key, static group => group.ToList());
    }
}
