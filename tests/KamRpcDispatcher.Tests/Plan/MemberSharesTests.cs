using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

/// <summary>The shares of calls that the weights of a membership come to.</summary>
public class MemberSharesTests
{
    private const WeightedAlgorithm Eleven = WeightedAlgorithm.Relative;
    private const WeightedAlgorithm Nine = WeightedAlgorithm.Percentages;

    [TestCase(60, 1, 41)]
    [TestCase(30, 3, 13)]
    public void Of_equal_weights_the_last_one_of_the_list_takes_the_rest_under_algorithm_11(int count, int each, int last)
    {
        var members = Equal(count);
        var adds = Planner.Plan(members, [], new PlanPolicy("c")).Adds.OrderByDescending(static add => add.Priority).Select(static add => add.Uri).ToList();

        var set = MemberShares.Of(members).Single();

        Assert.Multiple(() =>
        {
            Assert.That(set.Members.Select(static share => share.Member.Uri.Text), Is.EqualTo(adds), "the order in which Kamailio has them");
            Assert.That(set.Members.SkipLast(1).Select(static share => share.Relative.True), Is.All.EqualTo(each));
            Assert.That(set.Members[^1].Relative.True, Is.EqualTo(last));
            Assert.That(set.Members[^1].Relative.Wanted, Is.EqualTo(100.0 / count).Within(1e-9));
            Assert.That(set.FarthestOff(Eleven), Is.SameAs(set.Members[^1]));
        });
    }

    [Test]
    public void A_lower_priority_comes_last()
    {
        var set = MemberShares.Of([.. Equal(30).Select(static member => member with { Priority = member.Key.Name == "m7" ? 0 : 1 })]).Single();

        Assert.That(set.FarthestOff(Eleven)!.Member.Key.Name, Is.EqualTo("m7"));
    }

    [Test]
    public void Sets_without_a_weight_or_with_one_ready_member_share_nothing_by_weights() => Assert.That(
        MemberShares.Of(
        [
            Members.Of("a", 1), Members.Of("b", 1), Members.Of("c", 1) with { Weight = 50, State = MemberState.Down },
            Members.Of("a", 2) with { Weight = 50 }, Members.Of("b", 2) with { Weight = 50, State = MemberState.Draining },
            Members.Of("a", 3) with { Weight = 50 }, Members.Of("b", 3),
        ]).Select(static set => set.Set),
        Is.EqualTo(new[] { 3 }));

    [Test]
    public void Calls_of_a_draining_member_go_to_the_next_under_9_and_to_all_under_11()
    {
        var ready = new[] { 20, 20, 20, 20, 20 }.Select(static (weight, index) => Members.Of($"m{index}") with { Weight = weight }).ToArray();
        var order = MemberShares.Of(ready).Single().Members.Select(static share => share.Member.Key).ToList();

        var set = MemberShares.Of(ready.Select(member => member.Key == order[1] ? member with { State = MemberState.Draining } : member)).Single();

        Assert.Multiple(() =>
        {
            Assert.That(set.ArePercentages, Is.True);
            Assert.That(set.Members.Select(static share => share.Member.Key), Is.EqualTo(order.Where(key => key != order[1])));
            Assert.That(set.Members.Select(static share => share.Percentages.True), Is.EqualTo(new[] { 20, 40, 20, 20 }));
            Assert.That(set.Members.Select(static share => share.Relative.True), Is.EqualTo(new[] { 25, 25, 25, 25 }));
            Assert.That(set.FarthestOff(Nine)!.Member.Key, Is.EqualTo(order[2]));
            Assert.That(set.FarthestOff(Eleven), Is.Null);
        });
    }

    [Test]
    public void Of_two_members_with_one_address_one_serves() => Assert.That(
        MemberShares.Of(
        [
            Members.Of("a", uri: "sip:10.0.0.1") with { Weight = 50 },
            Members.Of("b", uri: "sip:10.0.0.2") with { Weight = 50 },
            Members.Of("c", uri: "sip:10.0.0.2") with { Weight = 50, CreatedRevision = 7 },
        ]).Single().Members.Select(static share => share.Member.Key.Name),
        Is.EquivalentTo(new[] { "a", "c" }));

    private static Member[] Equal(int count) => [.. Enumerable.Range(1, count).Select(static index => Members.Of($"m{index}") with { Weight = 50 })];
}
