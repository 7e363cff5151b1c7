using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>The members of one class, one for each address.</summary>
/// <param name="Class">The class.</param>
/// <param name="Members">Its members, in the order of their names.</param>
internal sealed record ClassGroup(MemberClass Class, IReadOnlyList<Member> Members)
{
    /// <summary>How many of its members are ready.</summary>
    public int Ready => Members.Count(static member => member.State == MemberState.Ready);
}

/// <summary>What shares calls by a share of its own: a value of a split, or a whole set that is not split.</summary>
/// <param name="Share">Its share, in thousandths.</param>
/// <param name="Classes">Its classes, one for each weight; none where nobody has the value.</param>
/// <param name="ArePercentages">Whether weights are percentages of its calls, and whoever has none shares the rest evenly; else they are relative to each other.</param>
internal sealed record ValueGroup(int Share, IReadOnlyList<ClassGroup> Classes, bool ArePercentages)
{
    private const int Whole = 100;

    /// <summary>Whether the percentages of those who are ready are too many: more than there is, or all of it while somebody has none.</summary>
    public bool IsOverfull => ArePercentages && Taken([.. Classes.Select(static one => one.Ready)]) is var taken
        && (taken > Whole || (taken == Whole && Classes.Any(static one => one.Class.Weight is null && one.Ready > 0)));

    /// <summary>What one member of each class counts beside one of another.</summary>
    /// <param name="counts">How many members of each class there are to share the calls.</param>
    public IReadOnlyList<long> Relatives(IReadOnlyList<int> counts)
    {
        if (!ArePercentages)
        {
            return [.. Classes.Select(static one => (long)one.Class.Relative)];
        }

        // All of it in as many parts as share the rest, so that this divides evenly. Percentages of more than 100, or of less where nobody has none, are scaled.
        var rest = Math.Max(0, Whole - Taken(counts));
        var sharers = Math.Max(1, Classes.Zip(counts).Where(static pair => pair.First.Class.Weight is null).Sum(static pair => pair.Second));
        return [.. Classes.Select(one => one.Class.Weight is { } percentage ? (long)percentage * sharers : rest)];
    }

    /// <summary>Those of a set that is split. A value that the split names has its classes also while its share is 0, so that giving it one changes nothing but the map.</summary>
    public static IReadOnlyList<ValueGroup> OfSplit(IReadOnlyList<Member> members, Split split, bool arePercentages, Func<Member, bool>? isRefused)
    {
        // Of two with one address the one that has a share holds it.
        var named = members.Where(member => member.Labels.TryGetValue(split.Label, out var value) && split.Shares.ContainsKey(value)).ToLookup(member => split.ValueOf(member) is not null);
        var holders = Holders(named[true], isRefused).Concat(Holders(named[false], isRefused)).ToLookup(member => member.Labels[split.Label], StringComparer.Ordinal);
        return [.. split.Shares.Select(share => new ValueGroup(share.Value, ClassesOf(holders[share.Key], share.Key, arePercentages), arePercentages))];
    }

    /// <summary>A set whose ready members have different weights is one group; none where they have not.</summary>
    public static IReadOnlyList<ValueGroup> OfWeights(IReadOnlyList<Member> members, bool arePercentages, Func<Member, bool>? isRefused)
    {
        var classes = ClassesOf(Holders(members, isRefused), value: null, arePercentages);
        return classes.Count(static one => one.Ready > 0) > 1 ? [new ValueGroup(Split.Whole, classes, arePercentages)] : [];
    }

    private static IEnumerable<Member> Holders(IEnumerable<Member> members, Func<Member, bool>? isRefused) => AddressClaim.Of(members, isRefused).Select(static claim => claim.Holder);

    private static IReadOnlyList<ClassGroup> ClassesOf(IEnumerable<Member> members, string? value, bool arePercentages) =>
    [
        .. members.GroupBy(member => arePercentages ? new MemberClass(value, member.Weight) : MemberClass.Of(value, member.Weight)).OrderBy(static one => one.Key)
            .Select(static one => new ClassGroup(one.Key, [.. one.OrderBy(static member => member.Key)])),
    ];

    private long Taken(IReadOnlyList<int> counts) => Classes.Zip(counts).Sum(static pair => (long)(pair.First.Class.Weight ?? 0) * pair.Second);
}
