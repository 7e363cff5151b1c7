using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>The members of one class, one for each address.</summary>
/// <param name="Class">The class.</param>
/// <param name="Members">Its members, in the order of their names.</param>
internal sealed record ClassGroup(MemberClass Class, IReadOnlyList<Member> Members)
{
    /// <summary>Those whose slow start is over, and who stand here until they are routable where they are to stand then.</summary>
    public IReadOnlyList<Member> Leaving { get; init; } = [];

    /// <summary>What each gets of its share, in tenths.</summary>
    public int Tenths { get; init; } = MemberStart.Whole;

    /// <summary>Whether the home set serves in its place: then nobody stands anywhere else.</summary>
    public bool IsHome { get; init; }

    /// <summary>How many of its members are ready.</summary>
    public int Ready => Members.Count(static member => member.State == MemberState.Ready);
}

/// <summary>What shares calls by a share of its own: a value of a split, or a whole set that is not split.</summary>
/// <param name="Text">Its name, as <see cref="MemberClass.ValueText"/>.</param>
/// <param name="Share">Its share, in thousandths.</param>
/// <param name="Classes">Its classes, one for each weight, cohort of a slow start, and for the preferred zone and the others; none where nobody has the value.</param>
/// <param name="ArePercentages">Whether weights are percentages of its calls, and whoever has none shares the rest evenly; else they are relative to each other.</param>
internal sealed record ValueGroup(string Text, int Share, IReadOnlyList<ClassGroup> Classes, bool ArePercentages)
{
    /// <summary>
    /// With so many others, or fewer, beside one that starts slowly they stand in a class of their own, and it joins the home set, where fail-over ends, as soon as that gets no calls by the map. More of them have somebody else to fail over to,
    /// and are not worth so many structural changes: the home set stands for their class, and the one that starts joins it at the end.
    /// </summary>
    public const int MostCopied = 16;

    private const int Whole = 100;

    /// <summary>Whether the percentages of those who are ready are too many: more than there is, or all of it while somebody has none.</summary>
    public bool IsOverfull => ArePercentages && Taken([.. Classes.Select(static one => one.Ready)]) is var taken
        && (taken > Whole || (taken == Whole && Classes.Any(static one => one.Class.Weight is null && one.Ready > 0)));

    /// <summary>Whether somebody of the preferred zone has it.</summary>
    public bool IsOfZone => Classes.Any(static one => one.Class.IsInZone is true && one.Members.Count > 0);

    /// <summary>What one member of each class counts beside one of another.</summary>
    /// <param name="counts">How many members of each class there are to share the calls.</param>
    public IReadOnlyList<long> Relatives(IReadOnlyList<int> counts)
    {
        if (!ArePercentages)
        {
            return [.. Classes.Select(static one => (long)one.Class.Relative * one.Tenths)];
        }

        // All of it in as many parts as share the rest, so that this divides evenly. Percentages of more than 100, or of less where nobody has none, are scaled.
        var rest = Math.Max(0, Whole - Taken(counts));
        var sharers = Math.Max(1, Classes.Zip(counts).Where(static pair => pair.First.Class.Weight is null).Sum(static pair => pair.Second));
        return [.. Classes.Select(one => one.Class.Weight is { } percentage ? (long)percentage * sharers : rest)];
    }

    /// <summary>Those of a set that is split. A value that the split names has its classes also while its share is 0, so that giving it one changes nothing but the map.</summary>
    public static IReadOnlyList<ValueGroup> OfSplit(IReadOnlyList<Member> members, Split split, ShareRules rules, RoutableMembers routable, Func<Member, bool>? isRefused)
    {
        // Of two with one address the one that has a share holds it.
        var named = members.Where(member => member.Labels.TryGetValue(split.Label, out var value) && split.Shares.ContainsKey(value)).ToLookup(member => split.ValueOf(member) is not null);
        var holders = Holders(named[true], isRefused).Concat(Holders(named[false], isRefused)).ToLookup(member => member.Labels[split.Label], StringComparer.Ordinal);
        return [.. split.Shares.Select(share => new ValueGroup(new MemberClass(share.Key, null).ValueText, share.Value, ClassesOf(holders[share.Key], share.Key, rules, routable), rules.ArePercentages))];
    }

    /// <summary>A set whose ready members have different weights is one group, or in which some start slowly, or are of the preferred zone and others not; none where that is not so.</summary>
    public static IReadOnlyList<ValueGroup> OfWeights(IReadOnlyList<Member> members, ShareRules rules, RoutableMembers routable, Func<Member, bool>? isRefused)
    {
        Member[] holders = [.. Holders(members, isRefused)];
        Member[] ready = [.. holders.Where(static member => member.State == MemberState.Ready)];
        var areMixed = ready.Select(member => rules.LastingClassOf(member, null) with { IsInZone = null }).Distinct().Skip(1).Any()
            || (rules.Zone is { } zone && holders.Select(zone.Has).Distinct().Skip(1).Any());
        var starting = ready.Count(member => rules.StartOf(member) is { IsOver: false });
        if (!areMixed && starting == 0 && !ready.Any(member => rules.StartOf(member) is { } over && !routable.IsAtHome(member) && routable.IsIn(rules.LastingClassOf(member, null) with { Start = over.Cohort }, member)))
        {
            return [];
        }

        var classes = ClassesOf(holders, value: null, rules, routable, isHome: !areMixed && ready.Length - starting > MostCopied);
        return [new ValueGroup(default(MemberClass).ValueText, Split.Whole, classes, rules.ArePercentages)];
    }

    private static IEnumerable<Member> Holders(IEnumerable<Member> members, Func<Member, bool>? isRefused) => AddressClaim.Of(members, isRefused).Select(static claim => claim.Holder);

    private static IReadOnlyList<ClassGroup> ClassesOf(IEnumerable<Member> members, string? value, ShareRules rules, RoutableMembers routable, bool isHome = false)
    {
        var standing = members.OrderBy(static member => member.Key).SelectMany(Places).ToLookup(static place => place.Class);
        return
        [
            .. standing.OrderBy(static places => places.Key).Select(places => new ClassGroup(places.Key, [.. places.Where(static place => !place.Leaves).Select(static place => place.Member)])
            {
                Leaving = [.. places.Where(static place => place.Leaves).Select(static place => place.Member)],
                Tenths = places.Where(static place => !place.Leaves).Select(place => places.Key.Start == 0 ? MemberStart.Whole : rules.StartOf(place.Member)!.Value.Tenths).DefaultIfEmpty(MemberStart.Whole).Min(),
                IsHome = isHome && places.Key.Start == 0,
            }),
        ];

        IEnumerable<(MemberClass Class, Member Member, bool Leaves)> Places(Member member)
        {
            var lasting = rules.LastingClassOf(member, value);
            var start = rules.StartOf(member);
            var first = lasting with { Start = start?.Cohort ?? 0 };
            if (start is { IsOver: false })
            {
                return [(first, member, false)];
            }

            var leaves = start is not null && routable.IsIn(first, member) && !(isHome ? routable.IsAtHome(member) : routable.IsIn(lasting, member));
            return leaves ? [(lasting, member, false), (first, member, true)] : [(lasting, member, false)];
        }
    }

    private long Taken(IReadOnlyList<int> counts) => Classes.Zip(counts).Sum(static pair => (long)(pair.First.Class.Weight ?? 0) * pair.Second);
}
