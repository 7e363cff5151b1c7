using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Logs;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Builds what the proxy reports of itself from what one cycle saw.</summary>
/// <param name="quarantine">What Kamailio refuses.</param>
/// <param name="grace">The grace periods so far.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class ProxyStatusBuilder(Quarantine quarantine, Func<GraceStatus> grace, TimeProvider timeProvider)
{
    /// <summary>Kamailio's words may be of any length.</summary>
    private const int LongestReason = 160;

    private readonly DeviationTracker _deviations = new(timeProvider);
    private ProxyStatus? _blank;

    /// <param name="membership">What is wanted.</param>
    /// <param name="table">What is there.</param>
    /// <param name="plan">The difference.</param>
    /// <param name="areShared">Whether shares are in force, but for what the plan owes.</param>
    /// <param name="held">Expired members that are held back.</param>
    /// <param name="comparison">How the list stands to the membership; null where nobody has compared.</param>
    /// <param name="last">What was reported before, null for nothing.</param>
    /// <param name="shares">What there is to report of shares.</param>
    public ProxyStatus Build(Membership membership, DispatcherTable table, ChangePlan plan, bool areShared, ImmutableArray<Member> held, ListComparison? comparison, ProxyStatus? last, ShareSituation shares)
    {
        var refused = Refused(plan);
        var superseded = Superseded(membership, plan);
        var intents = IntentsInForce.Of(membership, table, plan, areShared, last?.Intents);
        var splits = IntentsInForce.SplitsOf(membership, table, plan, areShared, last?.Splits);
        var deviations = comparison is null ? [] : _deviations.Track(comparison.Deviations);
        return new ProxyStatus(
            plan.IsInForce ? membership.Revision : IntentsInForce.StillTrue(last?.Revision, membership.Revision),
            timeProvider.GetUtcNow(),
            table.Version.ToString(),
            plan.Drift - (comparison?.Clearing ?? 0),
            Sets(table, comparison, plan, held, refused, shares))
        {
            Silenced = !plan.OwesSilence ? membership.Revision : IntentsInForce.StillTrue(last?.Silenced, membership.Revision),
            Applies = [.. ProxyStatus.FollowedKinds.Where(kind => !(kind is IntentsProgress.Kind or ProxyIntent.Kind && intents is null) && !(kind == SplitsProgress.Kind && splits is null))],
            Intents = intents,
            Splits = splits is null ? null : splits with { HasTable = shares.HasTable },
            Zone = shares.Zone,
            Starting = [.. shares.Starting.OrderBy(static one => one.Value).ThenBy(static one => one.Key).Take(StartingMember.MostInReport).Select(static one => new StartingMember(one.Key, one.Value * 10))],
            MoreStarting = Math.Max(0, shares.Starting.Count - StartingMember.MostInReport),
            Unshared = [.. InTurn(shares.Unshared, static one => one.Key.Set).Take(UnsharedMember.MostInReport).Select(static one => new UnsharedMember(one.Key, one.Value))],
            MoreUnshared = Math.Max(0, shares.Unshared.Count - UnsharedMember.MostInReport),
            Follows = membership.Records is { } records ? new FollowedMembers(membership.Revision, records) : null,
            Deviations = deviations,
            MoreDeviations = (comparison?.Deviations.Count ?? 0) - deviations.Length,
            Held = [.. InTurn(held, static member => member.Key.Set).Take(ProxyStatus.MostHeld)],
            MoreHeld = Math.Max(0, held.Length - ProxyStatus.MostHeld),
            Quarantined = [.. refused.Take(ProxyStatus.MostQuarantined)],
            MoreQuarantined = Math.Max(0, refused.Count - ProxyStatus.MostQuarantined),
            Superseded = [.. superseded.Take(ProxyStatus.MostSuperseded)],
            MoreSuperseded = Math.Max(0, superseded.Count - ProxyStatus.MostSuperseded),
            MoreSupersededLeaving = superseded.Skip(ProxyStatus.MostSuperseded).Count(static member => member is { IsLeaving: true, IsServed: true }),
            IsFromSnapshot = membership.HasSaved,
            Grace = grace(),
        };
    }

    /// <summary>A proxy that has seen nothing yet, or no list.</summary>
    public ProxyStatus Blank() => (_blank ??= new(0, timeProvider.GetUtcNow(), string.Empty, 0, ImmutableSortedDictionary<int, SetStatus>.Empty)
    {
        Silenced = 0,
        Applies = ProxyStatus.FollowedKinds,
        Intents = new IntentsProgress(0, 0),
        Splits = new SplitsProgress(0),
    }) with { Grace = grace() };

    private static ImmutableSortedDictionary<int, SetStatus> Sets(
        DispatcherTable table, ListComparison? comparison, ChangePlan plan, ImmutableArray<Member> held, IReadOnlyList<QuarantinedDestination> refused, ShareSituation shares)
    {
        var listed = table.Destinations.Where(static entry => !Sentinel.Is(entry)).ToLookup(static entry => entry.Set);
        var drift = plan.DriftBySet();
        var heldBySet = held.CountBy(static member => member.Key.Set).ToDictionary();
        var refusedBySet = refused.CountBy(static destination => destination.Set).ToDictionary();
        var sets = listed.Select(static set => set.Key).Union(comparison?.Sets.Keys ?? []).Union(drift.Keys.Where(static set => set != Sentinel.Set)).Union(heldBySet.Keys).Union(refusedBySet.Keys);
        return sets.Where(static set => !ClassSets.Has(set)).ToImmutableSortedDictionary(static set => set, set =>
        {
            var status = new SetStatus(listed[set].Count(), listed[set].Count(static entry => entry.IsRoutable))
            {
                // The calls themselves are no news: they come and go.
                Full = FullSetLog.Of(table, set, listed[set])?.MaxLoad,
                Drift = drift.GetValueOrDefault(set),
                Held = heldBySet.GetValueOrDefault(set),
                Refused = refusedBySet.GetValueOrDefault(set),
                Zone = shares.Zones.TryGetValue(set, out var use) ? use : null,
            };
            return comparison is not null && comparison.Sets.TryGetValue(set, out var share) ? status with { Wanted = share.Wanted, Serving = share.Serving } : status;
        });
    }

    /// <summary>One of each set, then a second of each, and so on: whoever asks for one set finds some of it.</summary>
    private static IEnumerable<T> InTurn<T>(IEnumerable<T> members, Func<T, int> setOf) =>
        members.GroupBy(setOf)
            .SelectMany(static set => set.Select(static (member, index) => (Member: member, Index: index)))
            .OrderBy(static turn => turn.Index)
            .Select(static turn => turn.Member);

    /// <summary>Those that are just tried again were refused all the same.</summary>
    private List<QuarantinedDestination> Refused(ChangePlan plan)
    {
        var reasons = quarantine.ByDestination();
        return
        [
            .. plan.Skips.Where(static skip => skip.Reason == SkipReason.Quarantined).Select(static skip => new ListedKey(skip.Set, Spelling.First(skip.Uri)))
                .Concat(plan.Adds.Concat(plan.Replacements.Select(static replacement => replacement.Add)).Select(static add => new ListedKey(add.Set, Spelling.First(add.Uri))).Where(reasons.ContainsKey))
                .Distinct()
                .Select(key => reasons.GetValueOrDefault(key) is { } refusal
                    ? new QuarantinedDestination(key.Set, key.Uri, ReportText.Line(refusal.Reason, LongestReason), refusal.RetryAt)
                    : new QuarantinedDestination(key.Set, key.Uri, string.Empty, default)),
        ];
    }

    /// <summary>Those first who leave while calls go to their address, since they wait to be told; then those whose address gets calls.</summary>
    private static List<SupersededMember> Superseded(Membership membership, ChangePlan plan)
    {
        var skips = plan.Skips.Where(static skip => skip.Reason == SkipReason.Superseded && !ClassSets.Has(skip.Set)).ToList();
        if (skips.Count == 0)
        {
            return [];
        }

        var leaving = membership.Members.Where(static member => member.State != MemberState.Ready).Select(static member => member.Key).ToHashSet();
        return
        [
            .. skips.Select(skip => new SupersededMember(skip.Member!.Value, skip.Holder!.Value, skip.IsServed) { IsLeaving = leaving.Contains(skip.Member!.Value) })
                .OrderByDescending(static member => member.IsServed)
                .ThenByDescending(static member => member.IsLeaving),
        ];
    }
}
