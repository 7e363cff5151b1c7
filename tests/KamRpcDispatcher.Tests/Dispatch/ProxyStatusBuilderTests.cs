using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>What a proxy reports of its sets.</summary>
public class ProxyStatusBuilderTests
{
    private static readonly ListedDestination Full = new(1, "sip:10.0.0.1", ListedState.Active, true, 0, "duid=a;maxload=10") { Calls = 10, MaxLoad = 10 };

    [Test]
    public void A_set_without_room_for_another_call_is_reported_with_what_it_takes_and_the_calls_themselves_are_no_news()
    {
        Assert.That(FullOf(Full, Full with { Uri = "sip:10.0.0.2", Calls = 21, MaxLoad = 20 }), Is.EqualTo(30));
        Assert.That(FullOf(Full, Full with { Uri = "sip:10.0.0.2", Calls = 20, MaxLoad = 20 }), Is.EqualTo(30), "the report stays the same");
        Assert.That(FullOf(Full, Full with { Uri = "sip:10.0.0.2", Calls = 9 }), Is.Null);
        Assert.That(FullOf(Full, Full with { Set = 2, Calls = 0 }), Is.EqualTo(10), "another set's room is none of its own");
        Assert.That(FullOf(Full with { Calls = 0 }), Is.Null);
    }

    [Test]
    public void An_entry_that_cannot_be_understood_may_have_room()
    {
        Assert.That(Build([Full], [new UnreadableEntry(1, "sip:x", "odd")]).Sets[1].Full, Is.Null);
        Assert.That(Build([Full], [new UnreadableEntry(null, "sip:x", "odd")]).Sets[1].Full, Is.Null);
        Assert.That(Build([Full], [new UnreadableEntry(2, "sip:x", "odd")]).Sets[1].Full, Is.EqualTo(10));
    }

    private static long? FullOf(params ListedDestination[] list) => Build(list, []).Sets[1].Full;

    private static ProxyStatus Build(ListedDestination[] list, UnreadableEntry[] unreadable)
    {
        var table = new DispatcherTable(new KamailioVersion(5, 6), new KamailioInstance("then", string.Empty), list) { Unreadable = unreadable };
        var plan = Planner.Plan([], list, new PlanPolicy("c"));
        return new ProxyStatusBuilder(new Quarantine(TimeProvider.System), static () => default, TimeProvider.System).Build(new Membership(5, [], []), table, plan, areShared: true, [], null, null, ShareSituation.None);
    }
}
