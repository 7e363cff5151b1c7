using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Plan.Shares.SharedSet;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>What members get that start slowly, and where they stand meanwhile.</summary>
public class SlowSharesTests
{
    [TestCase(1, 20, Description = "1 of 51")]
    [TestCase(5, 93, Description = "5 of 55")]
    [TestCase(9, 156, Description = "9 of 59")]
    public void A_newcomer_has_so_many_tenths_of_the_share_of_each_other(int tenths, int slots)
    {
        var shares = new SharedSet([.. Many(5, "a"), One("new")]) { Starts = Start("new", tenths) }.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Slots, share.Routable)), Is.EqualTo(new[] { ("*", 1024 - slots, 5), ("*;start=1", slots, 1) }));
        Assert.That((shares.Apart.Count, shares.Starting[Key("new")], shares.Map!.CountOf(0)), Is.EqualTo((0, tenths, 0)));
    }

    [Test]
    public void With_weights_and_a_split_it_has_its_part_of_what_its_value_has()
    {
        var set = new SharedSet([.. Many(2, "a", "v1"), .. Many(3, "b", "v2"), One("new", "v2", 50)]) { Split = Between(("v1", 500), ("v2", 500)), Starts = Start("new", 2) };

        Assert.That(set.Shares().Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("v1", 512), ("v2", 495), ("v2;weight=50;start=1", 17) }), "100 of 3,100 of 512");
    }

    [Test]
    public void It_is_kept_out_of_the_home_set_until_that_gets_no_calls_by_the_map()
    {
        var set = new SharedSet([.. Many(3, "a"), One("new")]) { Starts = Start("new", 1), NotAtHome = ["new"] };
        string[] nobody = [];

        Assert.That(Apart(set with { Numbers = ImmutableDictionary<string, int>.Empty }), Is.EqualTo(new[] { "new" }), "without numbers");
        Assert.That(Apart(set with { IsHomeOnly = true }), Is.EqualTo(new[] { "new" }), "before anybody stands in a class");
        Assert.That(Apart(set with { NotInClass = ["a002"] }), Is.EqualTo(new[] { "new" }), "before all do");
        Assert.That(Apart(set with { NotInClass = ["new"] }), Is.EqualTo(nobody), "the others do");
        Assert.That(Apart(set), Is.EqualTo(nobody));
        Assert.That(Apart(set with { NotInClass = ["a002"], NotAtHome = [] }), Is.EqualTo(nobody), "who is there stays");
        Assert.That(Apart(set with { IsHomeOnly = true, Starts = Start("new", 1, mayWait: false) }), Is.EqualTo(nobody), "and nobody is without calls for long");
    }

    [Test]
    public void Many_others_stay_where_they_are_and_the_home_set_stands_for_their_class()
    {
        var set = new SharedSet([.. Many(ValueGroup.MostCopied + 1, "a"), One("new")]) { Starts = Start("new", 1), NotAtHome = ["new"] };
        var shares = set.Shares();

        Assert.That(shares.ClassMembers.Select(static copy => copy.Key.Name), Is.EqualTo(new[] { "new" }));
        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Set is null, share.Slots)), Is.EqualTo(new[] { ("*", true, 1018), ("*;start=1", false, 6) }), "1 of 171");
        Assert.That((shares.Unnumbered, Apart(set)), Is.EqualTo((Array.Empty<MemberClass>(), new[] { "new" })));
        Assert.That(Apart(set with { NotAtHome = [] }), Is.EqualTo(new[] { "new" }), "it would have its whole share there");
    }

    [Test]
    public void Alone_it_gets_all()
    {
        var set = new SharedSet(One("a"), One("b", state: MemberState.Draining), One("new")) { Starts = Start("new", 1), Dead = ["a"] };

        Assert.That(set.Shares().Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*", 0), ("*;start=1", 1024) }));
        Assert.That(Apart(set with { NotAtHome = ["new"] }), Is.Empty, "the home set has nobody else");
    }

    [Test]
    public void When_it_is_over_it_stays_where_it_gets_calls_until_it_gets_them_elsewhere()
    {
        var numbers = ImmutableDictionary.CreateRange(StringComparer.Ordinal, [KeyValuePair.Create("*", 1), KeyValuePair.Create("*;weight=10", 2), KeyValuePair.Create("*;start=1", 3)]);
        Member[] members = [One("a"), One("b", weight: 10), One("new")];
        var routable = members.Select(static member => Place(member, null)).Concat([Place(members[0], 1), Place(members[1], 2), Place(members[2], 3)]).ToHashSet();
        var rules = new ShareRules { Starts = new Dictionary<MemberKey, MemberStart> { [Key("new")] = new(1, MemberStart.Whole, false) } };

        var before = SetShares.Of(Set, members, null, numbers, routable, null, rules);
        Assert.That(before.ClassMembers.Where(static copy => copy.Key.Name == "new").Select(static copy => copy.Key.Set), Is.EqualTo(new[] { ShareMap.FirstSet + 1, ShareMap.FirstSet + 3 }));
        Assert.That(before.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*", 488), ("*;start=1", 488), ("*;weight=10", 48) }).Or.EqualTo(new[] { ("*", 488), ("*;start=1", 487), ("*;weight=10", 49) }));
        Assert.That(before.Started, Is.Empty);

        routable.Add(Place(members[2], 1));
        var after = SetShares.Of(Set, members, null, numbers, routable, null, rules);
        Assert.That(after.Shares.Select(static share => (share.Class.Text, share.Slots)), Is.EqualTo(new[] { ("*", 975), ("*;weight=10", 49) }));
        Assert.That(after.Started, Is.EqualTo(new[] { Key("new") }));
    }

    [Test]
    public void When_it_is_over_in_the_home_set_there_is_no_class_and_no_map_any_more()
    {
        var shares = new SharedSet([.. Many(3, "a"), One("new")]) { Starts = Start("new", MemberStart.Whole) }.Shares();

        Assert.That((shares.Shares.Length, shares.Map, shares.Started), Is.EqualTo((0, (ShareMap?)null, ImmutableArray.Create(Key("new")))));
    }

    private static ImmutableDictionary<string, MemberStart> Start(string name, int tenths, bool mayWait = true) => ImmutableDictionary<string, MemberStart>.Empty.Add(name, new MemberStart(1, tenths, mayWait));

    private static string[] Apart(SharedSet set) => [.. set.Shares().Apart.Select(static key => key.Name)];

    private static MemberKey Key(string name) => new(Set, name);

    private static KamRpcDispatcher.Plan.EndpointKey Place(Member member, int? number) => new(number is { } known ? ShareMap.FirstSet + known : Set, member.Uri.Endpoint);
}
