using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Operators;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Up to which revision a proxy says that operators' intents are in force: by what is owed to those whom they concern.</summary>
public class IntentsInForceTests
{
    private static readonly PlanPolicy Policy = new("c") { HasSentinel = false };
    private static readonly IntentsProgress Before = new(4, 4);
    private static readonly IntentsProgress Whole = new(7, 7);
    private static readonly IntentsProgress OnlySilenced = new(4, 7);

    [Test]
    public void Whom_an_intent_drains_is_silenced_when_its_entry_is_disabled()
    {
        Assert.That(Of(Drained("a"), [Members.Of("a"), Members.Of("b")], Listed("a"), Listed("b")), Is.EqualTo(Before));
        Assert.That(Of(Drained("a"), [Members.Of("a"), Members.Of("b")], Listed("a", ListedState.Disabled), Listed("b")), Is.EqualTo(Whole));
    }

    /// <summary>It lasts for as long as the entry is there.</summary>
    [Test]
    public void Somebody_elses_entry_at_the_address_of_a_member_that_is_down_keeps_no_other_ones_drain_or_resume_from_being_acknowledged()
    {
        var down = Members.Of("x") with { State = MemberState.Down };
        ListedDestination stranger = Listed("x") with { Attributes = string.Empty };
        Assert.That(Planner.Plan([down], [stranger], Policy).OwesSilence, Is.True);

        Assert.That(Of(Drained("a"), [Members.Of("a"), Members.Of("b"), down], Listed("a", ListedState.Disabled), Listed("b"), stranger), Is.EqualTo(Whole));
        Assert.That(Of(Drained(), [Members.Of("a"), Members.Of("b"), down], Listed("a"), Listed("b"), stranger), Is.EqualTo(Whole));
        Assert.That(Of(Drained("x"), [Members.Of("a"), Members.Of("x")], Listed("a"), stranger), Is.EqualTo(Before), "its own drain is another matter");
        Assert.That(Of(Drained("x"), [Members.Of("a"), down], Listed("a"), stranger), Is.EqualTo(Before));
    }

    [Test]
    public void Calls_at_the_address_that_a_drained_member_had_before_or_after_it_has_left_are_its_own()
    {
        Assert.That(Of(Drained("a"), [Members.Of("a", uri: "sip:new.example.org"), Members.Of("b")], Listed("a"), Listed("b")), Is.EqualTo(Before));
        Assert.That(Of(Drained("a"), [Members.Of("b")], Listed("a"), Listed("b")), Is.EqualTo(Before));
        Assert.That(Of(Drained("a"), [Members.Of("b")], Listed("a", ListedState.Disabled), Listed("b")), Is.EqualTo(Whole));
    }

    [Test]
    public void A_copy_that_can_only_be_removed_is_silenced_when_it_is()
    {
        var (one, other) = (Listed("a"), Listed("a") with { Priority = 7 });
        Assert.That(Planner.Plan([Drain(Members.Of("a"))], [one, other], Policy).Silencings, Is.Not.Empty);
        Assert.That(Of(Drained("a"), [Members.Of("a"), Members.Of("b")], one, other, Listed("b")), Is.EqualTo(Before));
    }

    [Test]
    public void What_others_still_get_or_lose_holds_nothing_back()
    {
        Member[] members = [Members.Of("a"), Members.Of("b"), Members.Of("leaving") with { State = MemberState.Draining }];
        Assert.That(Of(Drained("a"), members, Listed("a", ListedState.Disabled), Listed("b"), Listed("leaving"), Listed("gone"), Listed("removed", ListedState.Disabled)), Is.EqualTo(Whole));

        var other = Listed("b") with { Attributes = "duid=b;kamrpc=c;weight=7;rweight=7" };
        Assert.That(Planner.Plan(members, [other], Policy).Replacements, Is.Not.Empty);
        Assert.That(Of(Drained("a"), members, Listed("a", ListedState.Disabled), other), Is.EqualTo(Whole), "its attributes");
        Assert.That(Of(Drained("a"), members, Listed("a", ListedState.Disabled), other with { Calls = 3 }), Is.EqualTo(Whole), "they wait for its calls");
    }

    [Test]
    public void Until_everybody_who_is_ready_gets_calls_a_drain_may_not_be_taken_back_in_whole()
    {
        Member[] members = [Members.Of("a"), Members.Of("b")];
        Assert.That(Of(Drained(), members, Listed("a", ListedState.Disabled), Listed("b")), Is.EqualTo(OnlySilenced));
        Assert.That(Of(Drained(), members, Listed("b")), Is.EqualTo(OnlySilenced));
        Assert.That(Of(Drained(), members, Listed("a", ListedState.Disabled) with { Attributes = "duid=a;kamrpc=c;weight=7;rweight=7" }, Listed("b")), Is.EqualTo(OnlySilenced));
        Assert.That(Of(Drained(), members, Listed("a"), Listed("b")), Is.EqualTo(Whole));
        Assert.That(Of(Drained(), members, Listed("a", ListedState.Inactive), Listed("b")), Is.EqualTo(Whole), "Kamailio's own verdict");
    }

    [Test]
    public void The_destination_that_shows_reloads_is_nobodys()
    {
        var table = Table(Listed("a"));
        var plan = Planner.Plan([Members.Of("a")], table.Destinations, Policy with { HasSentinel = true });
        Assert.That(plan.Adds, Has.Count.EqualTo(1));
        Assert.That(IntentsInForce.Of(With(Drained(), [Members.Of("a")]), table, plan, areShared: true, Before), Is.EqualTo(Whole));
    }

    [TestCase("a", true, "a", 4, 4, Description = "a drained one that somebody enables again and again")]
    [TestCase("b", true, "a", 7, 7)]
    [TestCase("a", false, "", 4, 7, Description = "a ready one that somebody disables again and again")]
    [TestCase("b", false, "", 7, 7, Description = "one that gets calls all the same")]
    [TestCase("gone", false, "", 7, 7)]
    public void What_had_no_effect_counts_where_it_is_about_one_of_those(string tried, bool isSilence, string drained, long revision, long silenced)
    {
        var plan = new ChangePlan { Skips = [new Skip(SkipReason.WithoutEffect, 1, Members.Of(tried).Uri.Text, null) { OwesSilence = isSilence }] };
        var intents = Drained(drained.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var table = Table(Listed("a", drained == "a" ? ListedState.Active : ListedState.Disabled), Listed("b"), Listed("gone", ListedState.Disabled));
        Assert.That(IntentsInForce.Of(With(intents, [Members.Of("a"), Members.Of("b")]), table, plan, areShared: true, Before), Is.EqualTo(new IntentsProgress(revision, silenced)));
    }

    /// <summary>By what the planner makes of it.</summary>
    private static IntentsProgress? Of(OperatorIntents intents, Member[] members, params ListedDestination[] list)
    {
        var membership = OperatedSource.Apply(With(intents, members));
        var delay = new RemovalDelay(TimeSpan.FromMinutes(1), TimeProvider.System);
        return IntentsInForce.Of(membership, Table(list), Planner.Plan(membership.Members, list, Policy with { DueForRemoval = delay.Due(shortage: 0) }), areShared: true, Before);
    }

    private static OperatorIntents Drained(params string[] names) => FakeIntents.Draining(7, names);

    private static Member Drain(Member member) => member with { State = MemberState.Draining };

    private static Membership With(OperatorIntents intents, Member[] members) => new(5, members, []) { Intents = intents };

    private static DispatcherTable Table(params ListedDestination[] list) => new(new KamailioVersion(5, 6), new KamailioInstance("then", string.Empty), list);

    private static ListedDestination Listed(string name, ListedState state = ListedState.Active)
    {
        var add = Planner.Plan([Members.Of(name)], [], Policy).Adds.Single();
        return new ListedDestination(1, add.Uri, state, false, add.Priority, $"duid={name};kamrpc=c");
    }
}
