using System.Collections.Immutable;
using KamailioRpc.Commands;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Operators;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>What <c>dispatch --once</c> leaves.</summary>
public class OnceResultTests
{
    private static readonly DispatcherTable Empty = new(new KamailioVersion(5, 6), new KamailioInstance("then", string.Empty), []);

    [Test]
    public void Where_nothing_is_to_be_done_and_operators_wishes_are_followed_all_is_done()
    {
        var left = Of(FakeIntents.Draining(4, "a"))!;
        Assert.That(left, Is.EqualTo(new OnceResult(0, 0)));
        Assert.That(DispatchCommand.Undone(left), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void That_operators_wishes_may_not_be_read_or_are_not_told_is_not_taken_for_in_step(bool isRefused)
    {
        var left = Of(OperatorIntents.Unknown with { IsRefused = isRefused })!;
        Assert.That(left.FollowsIntents, Is.False);
        Assert.That(DispatchCommand.Undone(left).Single(), Does.StartWith("operators' wishes were not followed, so that whom they drain may get calls"));
    }

    [Test]
    public void As_long_as_there_is_something_to_do_or_the_store_has_not_told_it_goes_on()
    {
        Assert.That(Of(FakeIntents.Draining(4), new ChangePlan { Adds = [new AddDestination(1, "sip:b", 8, 0, string.Empty)] }), Is.Null);
        Assert.That(OnceResult.Of(Situation(new Membership(5, [], []) { IsFromSnapshot = true }, new ChangePlan())), Is.Null);
        Assert.That(OnceResult.Of(Situation(new Membership(5, [], []), new ChangePlan()) with { OwesLater = true }), Is.Null);
    }

    private static OnceResult? Of(OperatorIntents intents, ChangePlan? plan = null) => OnceResult.Of(Situation(new Membership(5, [], []) { Intents = intents }, plan ?? new ChangePlan()));

    private static CycleSituation Situation(Membership membership, ChangePlan plan) => new(membership, [], Empty, plan, ImmutableHashSet<EndpointKey>.Empty);
}
