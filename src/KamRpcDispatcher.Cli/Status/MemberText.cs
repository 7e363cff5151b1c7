using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>How a member stands, in words.</summary>
/// <param name="calls">The cluster.</param>
internal sealed class MemberText(ClusterCalls calls)
{
    private const string NoRoom = "one of those whose state the report has no room for";

    public static string Calls(CallState state) => state switch
    {
        CallState.All => "CALLS",
        CallState.None => "NO CALLS",
        CallState.Some => "SOME",
        CallState.FailOver => "FAIL-OVER",
        _ => "NOT KNOWN",
    };

    /// <summary>As programs read it.</summary>
    public static string Name(CallState state) => state switch
    {
        CallState.All => "all",
        CallState.None => "none",
        CallState.Some => "some",
        CallState.FailOver => "failover",
        _ => "unknown",
    };

    /// <summary>A record that cannot be used, and why.</summary>
    public static string Of(RejectedRecord record) => $"record {record.Key} rejected: {SafeText.Shorten(record.Reason, ProxyTrouble.MostTextLength)}";

    public static Tone ToneOf(MemberCalls member) => member switch
    {
        { IsServedThoughDrained: true } => Tone.Bad,
        { IsTroubled: true, Calls: CallState.None } => Tone.Bad,
        { IsTroubled: true } or { Calls: CallState.Unknown or CallState.Some or CallState.FailOver } => Tone.Odd,
        { Calls: CallState.All } => Tone.Good,
        _ => Tone.Plain,
    };

    /// <summary>In a word or two: <c>drained</c> where an operator wishes it and it would be ready else, <c>no share</c> where an operator's split gives it none.</summary>
    public static string StateName(AnnouncedMember announced) => announced.IsDrained ? "drained" : announced.IsIdle ? "no share" : MemberStateName.Of(announced.Member.State);

    /// <summary><c>ready for 3m</c>, <c>draining for 2m (kernel update)</c>, <c>drained for 2m by ops@h1, announced ready</c>, <c>ready for 3m, weight 10 by ops@h1</c>, <c>left 12s ago</c>.</summary>
    public string State(MemberCalls member)
    {
        if (member.Announced is not { } record)
        {
            var gone = member.Remarks[0].Deviation!;
            var why = string.IsNullOrEmpty(gone.Reason) || gone.Kind != DeviationKind.Leaving ? string.Empty : $" ({SafeText.Shorten(gone.Reason, MemberValidation.MaxReasonLength)})";
            return $"left {Ages.Show(calls.Now - gone.Since)} ago{why}";
        }

        if (record.Intent is not { IsDrained: true } intent)
        {
            return (record.IsIdle ? $"no share by the split of its set, announced {Announced(record)}" : Announced(record)) + (IntentText.Weight(record.Intent) is { } weight ? $", {weight}" : string.Empty);
        }

        var up = IntentText.Calls(calls.Cluster.CallsOf(member.Key, calls.Now), intent, calls.Now) is { } counted ? $", {counted}" : string.Empty;
        return record.IsDrained
            ? $"{IntentText.Drained(intent, calls.Now)}{up}, announced ready{(record.IsStatic ? ", static" : string.Empty)}"
            : $"{Announced(record)}, {IntentText.Drained(intent, calls.Now)}{up}";
    }

    /// <summary>The state that its own record tells: <c>ready for 3m</c>.</summary>
    public string Announced(AnnouncedMember record)
    {
        var announced = record.Member;
        var state = MemberStateName.Of(announced.State) + (record.IsStatic ? ", static" : string.Empty);
        state += announced.Since is { } since ? $" for {Ages.Show(calls.Now - since)}" : string.Empty;
        return string.IsNullOrEmpty(announced.Reason) ? state : $"{state} ({SafeText.Shorten(announced.Reason, MemberValidation.MaxReasonLength)})";
    }

    /// <summary>Kamailio's flags where a proxy names them; null where none does.</summary>
    public static string? Flags(MemberCalls member) =>
        string.Join(',', member.Remarks.Select(static remark => remark.Deviation is { } deviation ? DeviationText.Flags(deviation) : null).OfType<string>().Distinct()) is { Length: > 0 } flags ? flags : null;

    /// <summary>Its state, and what is not as it should be, and where.</summary>
    public string Full(MemberCalls member, SetCalls set)
    {
        var parts = new List<string> { State(member) };
        parts.AddRange(member.Remarks.Where(static remark => remark.Deviation is not null).GroupBy(static remark => remark.Deviation!.Kind)
            .Select(kind => Where(kind.Select(static remark => remark.Lens), set) + (kind.Key == DeviationKind.Leaving ? Removal(kind.First().Deviation!) : DeviationText.Of(kind.First().Deviation!, calls.Now))));
        parts.AddRange(set.Serving.Where(lens => lens.StartOf(member.Key) is not null && (member.Announced is not { } one || lens.UnsharedOf(one) is null)).GroupBy(lens => Starting(lens, member.Key)!, StringComparer.Ordinal).OrderBy(static share => share.Key, StringComparer.Ordinal)
            .Select(share => Where(share, set) + share.Key));
        if (member is { IsReady: true, Announced: { } announced })
        {
            parts.AddRange(member.Remarks.Where(static remark => remark.Calls == CallState.FailOver).GroupBy(remark => FailOver(remark.Lens, announced), static remark => remark.Lens, StringComparer.Ordinal)
                .Select(why => Where(why, set) + why.Key));
        }

        List<ProxyLens> deaf = [.. member.Remarks.Where(static remark => remark.Deviation is null && remark.Calls == CallState.All).Select(static remark => remark.Lens)];
        if (deaf.Count > 0)
        {
            parts.Add($"on {ProxyNames.Of(deaf)}: GETS CALLS all the same: it {IntentText.NotFollowed}");
        }

        List<ProxyLens> silent = [.. member.Remarks.Where(static remark => remark.Deviation is null && remark.Calls == CallState.Unknown).Select(static remark => remark.Lens)];
        if (silent.Count > 0)
        {
            parts.Add(Where(silent, set) + Silence(member, silent[0]));
        }

        return string.Join("; ", parts);
    }

    /// <summary>How far a slow start is; null of one that has none there.</summary>
    public static string? Starting(ProxyLens lens, MemberKey key) => lens.StartOf(key) is not { } share ? null
        : FormattableString.Invariant($"starts slowly, with {share} % of its share")
            + (!lens.OnlyStartersIn(key.Set) ? string.Empty : lens.StartersIn(key.Set) > 1 ? ", and all calls together with the others that start slowly, since nobody else gets any" : ", and all calls, since nobody else gets any");

    /// <summary>Of one that the share map of a proxy leaves out.</summary>
    public static string FailOver(ProxyLens lens, AnnouncedMember announced) => "gets only what fails over, since " + lens.UnsharedOf(announced)?.Why switch
    {
        FailOverOnly.Zone => $"it is not of zone {SafeText.Shorten(lens.Status?.Zone ?? "?")}, whose members have the calls there",
        FailOverOnly.Percentages => "the percentages of others take all calls (--share percent)",
        FailOverOnly.Small => "its share is less than one of the 1,024 slots of the map",
        _ => "the share map has no slot for it",
    };

    /// <summary>Why a proxy whose report is to be believed says nothing of a member.</summary>
    public static string Silence(MemberCalls member, ProxyLens lens) => member.Announced is null && lens.Lag.Records > 0
        ? "it may not have followed yet that it has left, and may still send it calls"
        : lens.Status is not { } status || member.Announced is not { } announced ? NoRoom
        : status.Revision < announced.ModRevision
        ? FormattableString.Invariant($"its record is not applied yet (revision {status.Revision} of {announced.ModRevision})")
        : lens.FollowsIntents && announced.Intent is not null && !(announced.IsDrained ? lens.HasSilenced(announced) : lens.HasApplied(announced))
        ? FormattableString.Invariant($"what an operator wishes of it is not applied yet (revision {(announced.IsDrained ? status.Intents?.Silenced : null) ?? status.Intents?.Revision ?? 0} of {announced.IntentRevision})")
        : announced.IsDrained && !lens.FollowsIntents ? $"this proxy {IntentText.NotFollowed}, and what it knew of them before may be in force"
        : announced.Effective == MemberState.Ready && !lens.KnowsReady(announced)
        ? "the proxy counts fewer ready members in the set than there are: it has not followed yet that a drain was taken back, or takes somebody to be drained of whom that is not known here"
        : NoRoom;

    private string Removal(Deviation leaving) => leaving.Until is { } until ? "removed " + Ages.Until(until - calls.Now) : DeviationText.Of(leaving, calls.Now);

    /// <summary>Nothing where all of the set's proxies say so.</summary>
    public static string Where(IEnumerable<ProxyLens> proxies, SetCalls set)
    {
        // One with several addresses is told of as often.
        List<ProxyLens> where = [.. proxies.Distinct()];
        return where.Count == set.Serving.Count ? string.Empty : $"on {ProxyNames.Of(where)}: ";
    }
}
