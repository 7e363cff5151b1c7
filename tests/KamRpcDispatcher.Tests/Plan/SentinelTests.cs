using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

public class SentinelTests
{
    private static readonly PlanPolicy Policy = new("c") { HasSentinel = true };
    private static readonly Member[] One = [Members.Of("a")];

    [Test]
    public void It_comes_after_everybody_else_and_stays()
    {
        var model = new ListModel([]);
        var plan = Planner.Plan(One, [], Policy);
        model.Apply(plan.Changes);

        Assert.That(plan.Adds[^1], Is.EqualTo(new AddDestination(Sentinel.Set, Sentinel.Uri, 4, 0, "duid=kamrpc-sentinel;kamrpc=c")));
        Assert.That(Planner.Plan(One, model.Entries, Policy).IsEmpty);
        Assert.That(Planner.Plan([], model.Entries, Policy).Changes.Select(static change => change.Set), Is.All.EqualTo(1));
    }

    [Test]
    public void Without_members_there_is_nothing_to_guard() => Assert.That(Planner.Plan([], [], Policy).IsEmpty);

    [Test]
    public void It_never_gets_calls()
    {
        var model = new ListModel([]);
        model.Apply(Planner.Plan(One, [], Policy).Changes);
        model.Apply(new EnableDestination(Sentinel.Set, Sentinel.Uri));

        Assert.That(Planner.Plan(One, model.Entries, Policy).Changes, Is.EqualTo(new Change[] { new DisableDestination(Sentinel.Set, Sentinel.Uri) }));
    }

    [Test]
    public void Each_set_gets_its_first_member_before_any_gets_its_second()
    {
        Member[] members = [Members.Of("a"), Members.Of("b"), Members.Of("c", set: 2), Members.Of("d", set: 3), Members.Of("e", set: 3)];

        Assert.That(Planner.Plan(members, [], Policy).Adds.Select(static add => add.Set), Is.EqualTo(new[] { 1, 2, 3, 1, 3, Sentinel.Set }));
    }
}
