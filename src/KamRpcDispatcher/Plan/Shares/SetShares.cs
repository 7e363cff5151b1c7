using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>How the calls of one home set are shared in one Kamailio, by an operator's split, by weights, or both: the classes that this takes beside the home set, and the map between them.</summary>
/// <remarks>
/// Shares of a split stay what the operator said, whoever is routable. Within one value, and where the set is not split, slots go by the weights of those who are routable in this Kamailio's list, so that the last of
/// three heavy members has the share of one. From the same inputs every proxy makes the same.
/// </remarks>
public sealed class SetShares
{
    private SetShares(int set) => Set = set;

    /// <summary>The home set.</summary>
    public int Set { get; }

    /// <summary>The classes that are needed, with what each gets; none where the home set serves alone, since it is not split and its ready members have one weight.</summary>
    public ImmutableArray<ClassShare> Shares { get; private init; } = [];

    /// <summary>The copies of members in the sets of their classes: the same but for the set. The weight stays, which the weighted algorithms need: within a class it is one. None of a class that has no number.</summary>
    public ImmutableArray<Member> ClassMembers { get; private init; } = [];

    /// <summary>The members that are to get no calls in the home set, where fail-over ends, since the split gives them no share. None while no ready member has one: any of them is better than nobody.</summary>
    public ImmutableSortedSet<MemberKey> Idle { get; private init; } = [];

    /// <summary>Whether the set is split between values that no ready member has: then the home set serves as if it were not split.</summary>
    public bool IsSplitUnserved { get; private init; }

    /// <summary>Whether weights are percentages, and those of the ready members are too many: they are scaled to 100, and whoever has none gets no calls while they are routable.</summary>
    public bool IsOverfull { get; private init; }

    /// <summary>
    /// Those that start slowly and are not in the home set yet: it gets calls by the map, of which they would have their whole share there. Nobody is kept out where the home set has nobody else, nor one that gets no calls by its
    /// class and may not wait for it any more.
    /// </summary>
    public ImmutableSortedSet<MemberKey> Apart { get; private init; } = [];

    /// <summary>Those that are ready and routable, and have no slot of the map: they get only what fails over.</summary>
    public ImmutableSortedDictionary<MemberKey, FailOverOnly> Unshared { get; private init; } = ImmutableSortedDictionary<MemberKey, FailOverOnly>.Empty;

    /// <summary>Those that start slowly, with the tenths of their share that they get in their classes.</summary>
    public ImmutableSortedDictionary<MemberKey, int> Starting { get; private init; } = ImmutableSortedDictionary<MemberKey, int>.Empty;

    /// <summary>Those whose slow start is over, and who stand where they are to stand then.</summary>
    public ImmutableArray<MemberKey> Started { get; private init; } = [];

    /// <summary>Whose members get the calls; null where no zone is preferred.</summary>
    public ZoneUse? Zone { get; private init; }

    /// <summary>The values, by <see cref="MemberClass.ValueText"/>, of which all members get calls, since the preferred zone has too few.</summary>
    public ImmutableSortedSet<string> Widened { get; private init; } = [];

    /// <summary>The map for Kamailio; null where there is no class.</summary>
    public ShareMap? Map { get; private init; }

    /// <summary>The classes.</summary>
    public IEnumerable<MemberClass> Classes => Shares.Select(static share => share.Class);

    /// <summary>Those without a number: their calls go to the home set until they have one.</summary>
    public IEnumerable<MemberClass> Unnumbered => Shares.Where(static share => share.Number is null).Select(static share => share.Class);

    /// <param name="set">The home set.</param>
    /// <param name="members">Its members, in whatever state; those of other sets are left out.</param>
    /// <param name="split">The operator's split of it; null where there is none.</param>
    /// <param name="numbers">The numbers that have been allocated to its classes, by <see cref="MemberClass.Text"/>; one that is not from 1 to 999 counts as none.</param>
    /// <param name="routable">Where this Kamailio sends calls now, of the home set and of the classes' sets.</param>
    /// <param name="previous">The map that Kamailio has; null where it has none.</param>
    /// <param name="rules">What is gone by beside that; null for the default.</param>
    /// <param name="isRefused">Whether Kamailio refuses a member, so that of several with one address another one is followed; null where that is not known.</param>
    public static SetShares Of(
        int set, IEnumerable<Member> members, Split? split, IReadOnlyDictionary<string, int> numbers, IReadOnlySet<EndpointKey> routable, ShareMap? previous, ShareRules? rules = null, Func<Member, bool>? isRefused = null)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(numbers);
        ArgumentNullException.ThrowIfNull(routable);
        rules ??= ShareRules.Default;
        Member[] own = [.. members.Where(member => member.Key.Set == set)];
        var now = new RoutableMembers(set, numbers, routable);
        var values = split is null ? ValueGroup.OfWeights(own, rules, now, isRefused) : ValueGroup.OfSplit(own, split, rules, now, isRefused);
        var isServed = split is null || own.Any(member => member.State == MemberState.Ready && split.ValueOf(member) is not null);
        var deal = new ShareDeal(values, numbers, now, rules);
        var map = deal.IsEmpty ? null : deal.Map(previous, rules.Spills);
        ImmutableSortedSet<MemberKey> idle = isServed ? [.. own.Where(member => split is not null && split.ValueOf(member) is null).Select(static member => member.Key)] : [];
        ImmutableArray<ValueGroup> widened = [.. deal.Widened];
        var starting = SlowMembers.Of(values, own, rules, now, map).Where(slow => !idle.Contains(slow.Key)).ToList();
        return new SetShares(set)
        {
            Shares = [.. deal.Shares(map)],
            ClassMembers = [.. deal.Copies()],
            Idle = idle,
            IsSplitUnserved = !isServed,
            Apart = [.. starting.Where(static slow => slow.IsApart).Select(static slow => slow.Key)],
            Starting = starting.Where(static slow => slow.IsApart || slow.Stands).ToImmutableSortedDictionary(static slow => slow.Key, static slow => slow.Tenths),
            Started = [.. own.Where(member => rules.StartOf(member) is { IsOver: true } && !deal.Leaving.Contains(member.Key)).Select(static member => member.Key)],
            Unshared = map is null ? ImmutableSortedDictionary<MemberKey, FailOverOnly>.Empty : deal.Unshared(map).Where(one => !idle.Contains(one.Key)).ToImmutableSortedDictionary(static one => one.Key, static one => one.Value),
            Zone = rules.Zone is not { } zone ? null
                : !own.Any(zone.Has) ? ZoneUse.Absent
                : widened.Any(static value => value.Share > 0 && value.IsOfZone) ? ZoneUse.All
                : widened.Any(static value => value.Share > 0) ? deal.ServesZone ? ZoneUse.Partly : ZoneUse.All
                : ZoneUse.Own,
            Widened = [.. widened.Select(static value => value.Text)],
            IsOverfull = values.Any(static value => value.Share > 0 && value.IsOverfull),
            Map = map,
        };
    }
}
