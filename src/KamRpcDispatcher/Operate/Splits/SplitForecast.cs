using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>Who gets which share of a set, by what is announced and wished: every ready member counts as routable.</summary>
internal static class SplitForecast
{
    /// <summary>The members of a set as operators wish them.</summary>
    public static IReadOnlyList<Member> MembersOf(OperatorView view, int set) =>
    [
        .. from announced in view.Members
           let member = announced.Member
           where member.Key.Set == set
           let intent = view.StoredOf(member.Key)?.Intent
           select member with { Weight = intent?.Weight ?? member.Weight, State = intent is { IsDrained: true } && member.State == MemberState.Ready ? MemberState.Draining : member.State },
    ];

    /// <summary>Of each value that has, or had, a share.</summary>
    public static IReadOnlyList<SplitShare> Of(int set, IReadOnlyList<Member> members, Split? before, Split? after)
    {
        var slots = after is null ? [] : SharesOf(set, members, after).Shares.GroupBy(static share => share.Class.Value ?? string.Empty).ToDictionary(static value => value.Key, static value => value.Sum(static share => share.Slots));
        return
        [
            .. from split in new[] { after, before }.OfType<Split>()
               from value in split.Shares.Keys
               select (split.Label, Value: value) into one
               group one by one into one
               select new SplitShare(
                   one.Key.Label,
                   one.Key.Value,
                   ShareIn(before, one.Key.Label, one.Key.Value),
                   ShareIn(after, one.Key.Label, one.Key.Value),
                   members.Count(member => member.State == MemberState.Ready && member.Labels.GetValueOrDefault(one.Key.Label) == one.Key.Value),
                   after?.Label == one.Key.Label ? slots.GetValueOrDefault(one.Key.Value) : 0),
        ];
    }

    /// <summary>The copies of members in classes: of each the class and the member.</summary>
    public static IReadOnlySet<(string Class, string Name)> CopiesOf(int set, IReadOnlyList<Member> members, Split? split, ShareRules? rules = null)
    {
        var shares = SharesOf(set, members, split, rules);
        var classes = shares.Shares.Where(static share => share.Set is not null).ToDictionary(static share => share.Set!.Value, static share => share.Class.Text);
        return shares.ClassMembers.Select(copy => (classes[copy.Key.Set], copy.Key.Name)).ToHashSet();
    }

    /// <summary>As it is when every class has a number, and everybody who is ready stands in it.</summary>
    internal static SetShares SharesOf(int set, IReadOnlyList<Member> members, Split? split, ShareRules? rules = null)
    {
        var nowhere = ImmutableHashSet<EndpointKey>.Empty;
        var numbers = SetShares.Of(set, members, split, ImmutableDictionary<string, int>.Empty, nowhere, previous: null, rules).Classes.Order().Select(static (one, index) => (one.Text, Number: index + 1))
            .ToDictionary(static one => one.Text, static one => one.Number, StringComparer.Ordinal);
        var copies = SetShares.Of(set, members, split, numbers, nowhere, previous: null, rules).ClassMembers;
        return SetShares.Of(set, members, split, numbers, copies.Concat(members.Where(member => member.Key.Set == set)).Where(static member => member.State == MemberState.Ready).Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet(), previous: null, rules);
    }

    private static int? ShareIn(Split? split, string label, string value) => split?.Label == label && split.Shares.TryGetValue(value, out var share) ? share : null;
}
