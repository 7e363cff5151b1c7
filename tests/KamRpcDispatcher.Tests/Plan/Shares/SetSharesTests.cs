using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Plan.Shares;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Plan.Shares.SharedSet;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>Which classes a set takes, who stands in them, and what each gets.</summary>
public class SetSharesTests
{
    [TestCase(null, null, Description = "no weights")]
    [TestCase(50, 50)]
    [TestCase(100, null, Description = "without a weight is with the highest")]
    public void Ready_members_of_one_weight_need_no_class(int? first, int? second)
    {
        var shares = new SharedSet(One("a", weight: first), One("b", "v2", second), One("c", weight: 7, state: MemberState.Draining)).Shares();

        Assert.That(shares.Shares, Is.Empty);
        Assert.That(shares.Map, Is.Null);
        Assert.That((shares.ClassMembers.Length, shares.Idle.Count, shares.IsSplitUnserved), Is.EqualTo((0, 0, false)));
    }

    [Test]
    public void Weights_make_a_class_each_and_members_share_by_them()
    {
        var shares = new SharedSet(One("a", weight: 10), One("b"), One("c", weight: 100), One("d", weight: 40)).Shares();

        Assert.That(shares.Shares, Is.EqualTo(new ClassShare[]
        {
            new(new(null, null), 1, 800, 819, 2, 2),
            new(new(null, 10), 2, 40, 41, 1, 1),
            new(new(null, 40), 3, 160, 164, 1, 1),
        }));
        Assert.That(shares.Map!.CountOf(0), Is.Zero);
    }

    [Test]
    public void A_copy_is_the_member_in_the_set_of_its_class_without_its_weight()
    {
        var member = One("a", "v2", 10) with { Priority = 3, Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("cc", "1"), State = MemberState.Down, Reason = "r", CreatedRevision = 9 };
        var shares = new SharedSet(member, One("b"), One("c", weight: 50)) { Numbers = Numbered("*", 7, "*;weight=10", 12, "*;weight=50", 998) }.Shares();

        Assert.That(shares.ClassMembers.Select(static copy => copy.Key.ToString()), Is.EquivalentTo(new[] { "1000012/a", "1000007/b", "1000998/c" }));
        Assert.That(shares.ClassMembers.Single(static copy => copy.Key.Name == "a"), Is.EqualTo(member with { Key = new MemberKey(1_000_012, "a") }));
        Assert.That(shares.Shares.Select(static share => share.Set), Is.EqualTo(new[] { 1_000_007, 1_000_012, 1_000_998 }));
    }

    [Test]
    public void A_split_gives_its_values_what_the_operator_said_whatever_their_members_are()
    {
        var shares = new SharedSet([.. Many(297, "a", "v1"), .. Many(3, "b", "v2")]) { Split = Between(("v1", 990), ("v2", 10)) }.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Wanted, share.Slots, share.Members, share.Routable)), Is.EqualTo(new[] { ("v1", 990, 1014, 297, 297), ("v2", 10, 10, 3, 3) }));
        Assert.That(shares.Idle, Is.Empty);
    }

    [Test]
    public void Within_a_value_members_share_by_weights()
    {
        var shares = new SharedSet(One("a", "v1"), One("b", "v1", 25), One("c", "v2", 5)) { Split = Between(("v1", 500), ("v2", 500)) }.Shares();

        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Wanted, share.Slots)), Is.EqualTo(new[] { ("v1", 400, 410), ("v1;weight=25", 100, 102), ("v2;weight=5", 500, 512) }));
    }

    [Test]
    public void Members_without_a_share_are_idle_and_a_value_with_none_has_its_class_ready()
    {
        var shares = new SharedSet(One("blue", "v1"), One("green", "v2"), One("other", "v3"), One("plain")) { Split = Between(("v1", 0), ("v2", 1000)) }.Shares();

        Assert.That(shares.Idle.Select(static key => key.Name), Is.EqualTo(new[] { "blue", "other", "plain" }));
        Assert.That(shares.Shares.Select(static share => (share.Class.Text, share.Wanted, share.Slots)), Is.EqualTo(new[] { ("v1", 0, 0), ("v2", 1000, 1024) }));
        Assert.That(shares.ClassMembers.Select(static copy => copy.Key.Name), Is.EqualTo(new[] { "blue", "green" }));
    }

    [Test]
    public void Switching_between_two_values_changes_the_map_and_who_is_idle_and_nothing_else()
    {
        var set = new SharedSet([.. Many(3, "a", "blue"), .. Many(3, "b", "green")]) { Split = Between(("blue", 1000), ("green", 0)) };
        var before = set.Shares();
        var after = (set with { Split = Between(("blue", 0), ("green", 1000)), Previous = before.Map }).Shares();

        Assert.That(after.ClassMembers, Is.EqualTo(before.ClassMembers));
        Assert.That(after.Map!.DifferenceTo(before.Map!), Is.EqualTo(1024));
        Assert.That((before.Idle.Count, after.Idle.Count, before.Idle.Overlaps(after.Idle)), Is.EqualTo((3, 3, false)));
    }

    [TestCase(MemberState.Down)]
    [TestCase(MemberState.Draining)]
    public void Nobody_is_idle_while_no_ready_member_has_a_share(MemberState state)
    {
        var shares = new SharedSet(One("a", "v1"), One("b", "v2", state: state)) { Split = Between(("v2", 1000)) }.Shares();

        Assert.That((shares.Idle.Count, shares.IsSplitUnserved), Is.EqualTo((0, true)));
        Assert.That(shares.Map, Is.EqualTo(ShareMap.Home));
    }

    [Test]
    public void A_split_between_values_that_nobody_has_is_as_none()
    {
        var shares = new SharedSet(One("a"), One("b", "v9")) { Split = Between(("v1", 950), ("v2", 50)) }.Shares();

        Assert.That((shares.Shares.Length, shares.Map, shares.Idle.Count, shares.IsSplitUnserved), Is.EqualTo((0, (ShareMap?)null, 0, true)));
    }

    [Test]
    public void The_last_of_three_heavy_members_has_the_share_of_one()
    {
        var set = new SharedSet(One("h1"), One("h2"), One("h3"), One("light", weight: 10));
        var all = set.Shares();
        var one = (set with { Dead = ["h1", "h3"], Previous = all.Map }).Shares();

        Assert.That(all.Shares.Select(static share => share.Slots), Is.EqualTo(new[] { 991, 33 }));
        Assert.That(one.Shares.Select(static share => (share.Slots, share.Members, share.Routable)), Is.EqualTo(new[] { (931, 3, 1), (93, 1, 1) }));
        Assert.That(one.Shares.Select(static share => share.Wanted), Is.EqualTo(new[] { 968, 32 }), "what is wanted does not change with what one Kamailio finds");
    }

    [Test]
    public void A_drained_member_leaves_its_slots_to_those_who_are_ready()
    {
        var shares = new SharedSet(One("a", weight: 100), One("b", weight: 50), One("c", weight: 25), One("d", weight: 100, state: MemberState.Draining)).Shares();

        Assert.That(shares.Shares.Select(static share => (share.Slots, share.Members, share.Routable)), Is.EqualTo(new[] { (585, 2, 1), (146, 1, 1), (293, 1, 1) }));
    }

    [TestCase(false, 0, 51, 973)]
    [TestCase(true, 0, 1024, 0)]
    public void A_value_that_has_nobody_routable_gives_its_slots_to_the_home_set_or_spills_them(bool spills, int first, int second, int home)
    {
        var shares = new SharedSet(One("a", "v1"), One("b", "v2")) { Split = Between(("v1", 950), ("v2", 50)), Dead = ["a"], Spills = spills }.Shares();

        Assert.That((shares.Shares[0].Slots, shares.Shares[1].Slots, shares.Map!.CountOf(0)), Is.EqualTo((first, second, home)));
        Assert.That(shares.Idle, Is.Empty, "the home set is the way out");
    }

    [Test]
    public void What_is_spilled_goes_to_the_other_values_in_proportion()
    {
        var shares = new SharedSet(One("a", "v1"), One("b", "v2"), One("c", "v3"), One("d", "v4")) { Split = Between(("v1", 500), ("v2", 300), ("v3", 100), ("v4", 100)), Dead = ["a"], Spills = true }.Shares();

        Assert.That(shares.Shares.Select(static share => share.Slots), Is.EqualTo(new[] { 0, 614, 205, 205 }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void With_nobody_routable_every_call_goes_home(bool spills) => Assert.That(
        new SharedSet(One("a", "v1"), One("b", "v2")) { Split = Between(("v1", 950), ("v2", 50)), Dead = ["a", "b"], Spills = spills }.Shares().Map,
        Is.EqualTo(ShareMap.Home));

    [Test]
    public void A_class_that_is_being_filled_has_the_calls_of_those_who_are_there()
    {
        var set = new SharedSet([.. Many(4, "a", "v1"), .. Many(4, "b", "v2")]) { Split = Between(("v1", 500), ("v2", 500)) };

        Assert.That((set with { IsHomeOnly = true }).Shares().Map, Is.EqualTo(ShareMap.Home));
        var shares = (set with { NotInClass = ["a002", "a003", "a004"] }).Shares();
        Assert.That((shares.Shares[0].Slots, shares.Shares[1].Slots, shares.Map!.CountOf(0)), Is.EqualTo((128, 512, 384)));
    }

    [Test]
    public void A_class_without_a_number_has_nobody_and_its_calls_go_home()
    {
        var shares = new SharedSet(One("a", "v1"), One("b", "v2")) { Split = Between(("v1", 750), ("v2", 250)), Numbers = Numbered("v1", 3) }.Shares();

        Assert.That(shares.Unnumbered, Is.EqualTo(new[] { new MemberClass("v2", null) }));
        Assert.That(shares.ClassMembers.Select(static copy => copy.Key.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(shares.Map!.Counts, Is.EqualTo(new Dictionary<int, int> { [3] = 768, [0] = 256 }));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(1000)]
    [TestCase(3, Description = "another class has it")]
    public void A_number_that_no_map_can_hold_or_another_class_has_is_none(int number) => Assert.That(
        new SharedSet(One("a", "v1"), One("b", "v2")) { Split = Between(("v1", 500), ("v2", 500)), Numbers = Numbered("v1", 3, "v2", number) }.Shares().Unnumbered,
        Is.EqualTo(new[] { new MemberClass("v2", null) }));

    [Test]
    public void A_canary_that_grows_takes_callers_from_the_others_and_loses_none()
    {
        var set = new SharedSet([.. Many(200, "a", "v1"), .. Many(200, "b", "v2")]) { Split = Between(("v1", 950), ("v2", 50)) };
        var first = set.Shares();
        var (before, callers) = (first.Map!, OfSecond(first.Map!));
        foreach (var share in new[] { 250, 500, 1000 })
        {
            set = set with { Split = Between(("v1", 1000 - share), ("v2", share)), Previous = before };
            var shares = set.Shares();

            Assert.That(shares.ClassMembers, Is.EqualTo(first.ClassMembers), "nobody moves");
            Assert.That(callers, Is.SubsetOf(OfSecond(shares.Map!)));
            Assert.That(shares.Map!.DifferenceTo(before), Is.EqualTo(OfSecond(shares.Map!).Count - callers.Count));
            (before, callers) = (shares.Map!, OfSecond(shares.Map!));
        }

        Assert.That((set with { Split = Between(("v1", 950), ("v2", 50)) }).Shares().Map, Is.EqualTo(first.Map), "and back");

        static HashSet<int> OfSecond(ShareMap map) => [.. Enumerable.Range(0, ShareMap.Slots).Where(slot => map[slot] == 2)];
    }

    [Test]
    public void Of_two_members_with_one_address_the_one_with_a_share_stands_in_its_class()
    {
        var shares = new SharedSet(
            One("a", "v1") with { Uri = SipUri.Parse("sip:10.0.0.1") },
            One("b") with { Uri = SipUri.Parse("sip:10.0.0.1:5060"), CreatedRevision = 5 },
            One("c", "v1") with { Uri = SipUri.Parse("sip:10.0.0.1;transport=udp"), CreatedRevision = 3 },
            One("d", "v2")) { Split = Between(("v1", 500), ("v2", 500)) }.Shares();

        Assert.That(shares.ClassMembers.Select(static copy => copy.Key.Name), Is.EqualTo(new[] { "c", "d" }));
        Assert.That(shares.Idle.Select(static key => key.Name), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public void Members_of_other_sets_and_their_order_do_not_matter()
    {
        var random = new Random(5);
        Member[] members = [.. Many(20, "a", "v1", 30), .. Many(20, "b", "v2"), .. Many(20, "c", "v2", 7)];
        var set = new SharedSet([.. members]) { Split = Between(("v1", 333), ("v2", 667)) };
        random.Shuffle(members);
        var shuffled = set with { Members = [.. members, Members.Of("x", 2) with { Weight = 3 }] };

        Assert.That(shuffled.Shares().Map, Is.EqualTo(set.Shares().Map));
        Assert.That(shuffled.Shares().Shares, Is.EqualTo(set.Shares().Shares));
        Assert.That(shuffled.Shares().ClassMembers, Is.EqualTo(set.Shares().ClassMembers));
    }

    [Test]
    public void Whatever_is_routable_every_slot_leads_to_somebody_who_is_or_home()
    {
        var random = new Random(6);
        for (var round = 0; round < 300; round++)
        {
            int?[] weights = [null, 1, 10, 100];
            string?[] versions = [null, "v1", "v2", "v3"];
            Member[] members = [.. Enumerable.Range(0, random.Next(1, 12)).Select(number => One($"m{number:00}", versions[random.Next(4)], weights[random.Next(4)], (MemberState)(random.Next(5) / 2)))];
            var share = random.Next(1001);
            var set = new SharedSet([.. members])
            {
                Split = random.Next(3) == 0 ? null : Between(("v1", share), ("v2", 1000 - share)),
                Dead = [.. members.Select(static member => member.Key.Name).Where(_ => random.Next(3) == 0)],
                Spills = random.Next(2) == 0,
            };

            var shares = set.Shares();

            Assert.That(shares.Map is null, Is.EqualTo(shares.Shares.IsEmpty));
            foreach (var one in shares.Shares)
            {
                Assert.That(one.Slots == 0 || one.Routable > 0, Is.True, one.ToString());
                Assert.That(shares.ClassMembers.Count(copy => copy.Key.Set == one.Set), Is.EqualTo(one.Members));
            }

            if (shares.Map is { } map)
            {
                Assert.That(map.CountOf(0) + shares.Shares.Sum(static one => one.Slots), Is.EqualTo(1024));
                Assert.That((set with { Previous = map }).Shares().Map, Is.EqualTo(map), "planned again it is the same");
            }
        }
    }

    private static ImmutableDictionary<string, int> Numbered(params object[] pairs) => pairs.Chunk(2).ToImmutableDictionary(static pair => (string)pair[0], static pair => (int)pair[1]);
}
