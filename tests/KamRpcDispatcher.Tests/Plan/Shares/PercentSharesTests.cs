using KamRpcDispatcher.Destinations;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Plan.Shares.SharedSet;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>Weights as percentages: whoever has none shares what is left of 100.</summary>
public class PercentSharesTests
{
    [Test]
    public void Two_boxes_one_announcing_25_give_25_and_75() =>
        Assert.That(Of(One("a", weight: 25), One("b")), Is.EqualTo(new[] { ("*", 750, 768), ("*;weight=25", 250, 256) }));

    [Test]
    public void A_hundred_is_all_of_it_and_not_the_same_as_none()
    {
        Member[] members = [One("a", weight: 100), One("b")];

        Assert.That(Of(members), Is.EqualTo(new[] { ("*", 0, 0), ("*;weight=100", 1000, 1024) }));
        Assert.That(Set(members).Shares().IsOverfull, Is.True, "b gets no calls, which is told");
    }

    [Test]
    public void More_than_a_hundred_is_scaled_and_told()
    {
        var shares = Set(One("a", weight: 90), One("b", weight: 60), One("c")).Shares();

        Assert.That(shares.Shares.Select(static share => share.Wanted), Is.EqualTo(new[] { 0, 400, 600 }));
        Assert.That((shares.IsOverfull, shares.Idle.Count), Is.EqualTo((true, 0)), "whoever gets nothing stays in the home set, where fail-over ends");
        Assert.That(shares.Unshared.Single(), Is.EqualTo(KeyValuePair.Create(new MemberKey(1, "c"), FailOverOnly.Percentages)));
        Assert.That((Set(One("a", weight: 90), One("b", weight: 60), One("c")) with { NotInClass = ["b"] }).Shares().Unshared, Is.Empty, "b is called in the home set, and c with it");
        Assert.That(new SharedSet([.. Many(40, "m"), One("light", weight: 1)]).Shares().Unshared.Single(), Is.EqualTo(KeyValuePair.Create(new MemberKey(1, "light"), FailOverOnly.Small)), "1 of 4,001");
        Assert.That(Set(One("a", weight: 90), One("b", weight: 10)).Shares().IsOverfull, Is.False);
        Assert.That(Set(One("a", weight: 90), One("b", weight: 60, state: MemberState.Draining), One("c")).Shares().IsOverfull, Is.False);
    }

    [Test]
    public void Who_is_dead_leaves_his_percentage_to_those_without_one_and_a_class_that_is_alone_has_everything()
    {
        var set = Set(One("a", weight: 30), One("b", weight: 20), One("c"), One("d"));

        Assert.That(Slots(set), Is.EqualTo(new[] { 512, 205, 307 }));
        Assert.That(Slots(set with { Dead = ["a"] }), Is.EqualTo(new[] { 819, 205, 0 }));
        Assert.That(Slots(set with { Dead = ["c"] }), Is.EqualTo(new[] { 512, 205, 307 }), "d has what both had");
        Assert.That(Slots(set with { Dead = ["c", "d"] }), Is.EqualTo(new[] { 0, 410, 614 }));
        Assert.That(Slots(set with { Dead = ["a", "b"] }), Is.EqualTo(new[] { 1024, 0, 0 }));
    }

    [Test]
    public void Whoever_gets_nothing_gets_all_when_he_is_the_last() =>
        Assert.That(Slots(Set(One("a", weight: 100), One("b")) with { Dead = ["a"] }), Is.EqualTo(new[] { 1024, 0 }));

    [Test]
    public void In_a_split_they_are_percentages_of_the_values_calls()
    {
        var set = Set(One("a", "v1", 25), One("b", "v1"), One("c", "v2", 10)) with { Split = Between(("v1", 500), ("v2", 500)) };

        Assert.That(set.Shares().Shares.Select(static share => (share.Class.Text, share.Wanted, share.Slots)), Is.EqualTo(new[] { ("v1", 375, 384), ("v1;weight=25", 125, 128), ("v2;weight=10", 500, 512) }));
    }

    [Test]
    public void A_class_that_is_being_filled_gets_what_those_have_that_it_has()
    {
        var shares = (Set(One("a", weight: 25), One("b"), One("c"), One("d")) with { NotInClass = ["c", "d"] }).Shares();

        Assert.That((shares.Shares[0].Slots, shares.Shares[1].Slots, shares.Map!.CountOf(0)), Is.EqualTo((256, 256, 512)));
    }

    [Test]
    public void All_small_sets_follow_the_rule_to_a_slot()
    {
        int?[] weights = [null, 1, 25, 33, 60, 100];
        foreach (var first in weights)
        {
            foreach (var second in weights)
            {
                foreach (var third in weights)
                {
                    foreach (var fourth in weights)
                    {
                        Check([first, second, third, fourth]);
                    }
                }
            }
        }
    }

    [Test]
    public void Large_sets_follow_the_rule_to_a_slot()
    {
        var random = new Random(14);
        for (var round = 0; round < 100; round++)
        {
            Check([.. Enumerable.Range(0, random.Next(2, 120)).Select(_ => random.Next(4) == 0 ? random.Next(1, 5) : (int?)null)]);
        }
    }

    private static void Check(int?[] weights)
    {
        var shares = Set([.. weights.Select(static (weight, index) => One($"m{index:000}", weight: weight))]).Shares();
        var announced = weights.Sum() ?? 0;
        var areAllAnnounced = weights.All(static weight => weight is not null);
        var context = string.Join(' ', weights.Select(static weight => weight?.ToString() ?? "-"));
        if (weights.Distinct().Count() == 1)
        {
            Assert.That(shares.Map, Is.Null, context);
            return;
        }

        Assert.That(shares.Shares.Sum(static share => share.Slots), Is.EqualTo(1024), context);
        Assert.That(shares.IsOverfull, Is.EqualTo(announced > 100 || (announced == 100 && !areAllAnnounced)), context);
        foreach (var share in shares.Shares)
        {
            double percentage = share.Class.Weight is { } weight
                ? 100.0 * weight * share.Members / (areAllAnnounced ? announced : Math.Max(announced, 100))
                : Math.Max(0, 100 - announced);
            Assert.That(share.Slots, Is.EqualTo(percentage * 1024 / 100).Within(1), $"{context}: {share}");
        }
    }

    private static SharedSet Set(params Member[] members) => new([.. members]) { ArePercentages = true };

    private static IEnumerable<(string Class, int Wanted, int Slots)> Of(params Member[] members) => Set(members).Shares().Shares.Select(static share => (share.Class.Text, share.Wanted, share.Slots));

    private static IEnumerable<int> Slots(SharedSet set) => set.Shares().Shares.Select(static share => share.Slots);
}
