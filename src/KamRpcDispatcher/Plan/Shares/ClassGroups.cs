using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>The members of one class, one for each address.</summary>
/// <param name="Class">The class.</param>
/// <param name="Members">Its members, in the order of their names.</param>
internal sealed record ClassGroup(MemberClass Class, IReadOnlyList<Member> Members)
{
    /// <summary>The weights of the ready members that a condition holds for, together.</summary>
    public long Weight(Func<Member, bool> condition) => (long)Class.Relative * Members.Count(member => member.State == MemberState.Ready && condition(member));
}

/// <summary>What shares calls by a share of its own: a value of a split, or a whole set that is not split.</summary>
/// <param name="Share">Its share, in thousandths.</param>
/// <param name="Classes">Its classes, one for each weight; none where nobody has the value.</param>
internal sealed record ValueGroup(int Share, IReadOnlyList<ClassGroup> Classes)
{
    /// <summary>Those of a set that is split. A value that the split names has its classes also while its share is 0, so that giving it one changes nothing but the map.</summary>
    public static IReadOnlyList<ValueGroup> OfSplit(IReadOnlyList<Member> members, Split split, Func<Member, bool>? isRefused)
    {
        // Of two with one address the one that has a share holds it.
        var named = members.Where(member => member.Labels.TryGetValue(split.Label, out var value) && split.Shares.ContainsKey(value)).ToLookup(member => split.ValueOf(member) is not null);
        var holders = Holders(named[true], isRefused).Concat(Holders(named[false], isRefused)).ToLookup(member => member.Labels[split.Label], StringComparer.Ordinal);
        return [.. split.Shares.Select(share => new ValueGroup(share.Value, ClassesOf(holders[share.Key], share.Key)))];
    }

    /// <summary>A set whose ready members have different weights is one group; none where they have not.</summary>
    public static IReadOnlyList<ValueGroup> OfWeights(IReadOnlyList<Member> members, Func<Member, bool>? isRefused)
    {
        var classes = ClassesOf(Holders(members, isRefused), value: null);
        return classes.Count(static one => one.Weight(static _ => true) > 0) > 1 ? [new ValueGroup(Split.Whole, classes)] : [];
    }

    private static IEnumerable<Member> Holders(IEnumerable<Member> members, Func<Member, bool>? isRefused) => AddressClaim.Of(members, isRefused).Select(static claim => claim.Holder);

    private static IReadOnlyList<ClassGroup> ClassesOf(IEnumerable<Member> members, string? value) =>
    [
        .. members.GroupBy(member => MemberClass.Of(value, member.Weight)).OrderBy(static one => one.Key)
            .Select(static one => new ClassGroup(one.Key, [.. one.OrderBy(static member => member.Key)])),
    ];
}
