using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

public class PlannerTests
{
    private static readonly PlanPolicy Policy = new("c");

    [Test]
    public void A_member_that_is_not_listed_is_added_probed_and_marked_as_ours()
    {
        var plan = Planner.Plan([Members.Of("a", set: 0, uri: "sip:[::1]:5061;transport=tls")], [], Policy);

        Assert.That(plan.Changes, Has.Count.EqualTo(1));
        var add = (AddDestination)plan.Changes[0];
        Assert.Multiple(() =>
        {
            Assert.That(add.Set, Is.Zero);
            Assert.That(add.Uri, Is.EqualTo("sip:[::1]:5061;transport=tls"));
            Assert.That(add.Flags, Is.EqualTo(8));
            Assert.That(add.Attributes, Is.EqualTo("duid=a;kamrpc=c"));
        });
    }

    [Test]
    public void Weight_and_attributes_reach_Kamailio_in_a_fixed_order()
    {
        var member = Members.Of("a") with
        {
            Weight = 7,
            Attributes = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal, [new("socket", "udp:10.0.0.9:5060"), new KeyValuePair<string, string>("maxload", "30")]),
        };

        var add = (AddDestination)Planner.Plan([member], [], Policy).Changes[0];

        Assert.That(add.Attributes, Is.EqualTo("duid=a;kamrpc=c;weight=7;rweight=7;maxload=30;socket=udp:10.0.0.9:5060"));
    }

    [Test]
    public void A_member_that_left_is_disabled_and_then_removed()
    {
        var listed = Listed(Members.Of("a"), Members.Of("b"));

        var plan = Planner.Plan([Members.Of("a")], listed, Policy);

        Assert.That(plan.Changes, Is.EqualTo(new Change[] { new DisableDestination(1, "sip:b.example.org:5060"), new RemoveDestination(1, "sip:b.example.org:5060") }));
    }

    [Test]
    public void Adds_and_enables_come_before_disables_and_those_before_removes()
    {
        var listed = Listed(Members.Of("old"), Members.Of("back"), Members.Of("weighed"));
        listed = [.. listed.Select(static entry => entry.Uri.Contains("back", StringComparison.Ordinal) ? entry with { State = ListedState.Disabled } : entry)];

        var plan = Planner.Plan([Members.Of("back"), Members.Of("new"), Members.Of("weighed") with { Weight = 3 }], listed, Policy);

        Assert.That(plan.Changes.Select(static change => change.GetType()), Is.EqualTo(new[]
        {
            typeof(EnableDestination), typeof(AddDestination), typeof(DisableDestination), typeof(RemoveDestination), typeof(AddDestination), typeof(RemoveDestination),
        }));
    }

    [TestCase(MemberState.Draining)]
    [TestCase(MemberState.Down)]
    public void A_member_that_is_not_ready_is_disabled_and_stays_listed(MemberState state)
    {
        var member = Members.Of("a") with { State = state };

        var plan = Planner.Plan([member], Listed(Members.Of("a")), Policy);

        Assert.That(plan.Changes, Is.EqualTo(new Change[] { new DisableDestination(1, "sip:a.example.org:5060") }));
        Assert.That(Planner.Plan([member], [], Policy).IsEmpty, "and is not added when it is not there");
    }

    [TestCase(ListedState.Inactive)]
    [TestCase(ListedState.Trying)]
    public void Kamailios_health_verdict_is_never_overwritten(ListedState verdict)
    {
        var member = Members.Of("a");
        var listed = Listed(member).Select(entry => entry with { State = verdict });

        Assert.That(Planner.Plan([member], listed, Policy).IsEmpty);
    }

    [TestCase(ListedState.Inactive, 9)]
    [TestCase(ListedState.Trying, 10)]
    [TestCase(ListedState.Active, 8)]
    [TestCase(ListedState.Disabled, 8)]
    public void A_replacement_keeps_Kamailios_health_verdict(ListedState verdict, int flags)
    {
        var listed = Listed(Members.Of("a")).Select(entry => entry with { State = verdict });

        var plan = Planner.Plan([Members.Of("a") with { Weight = 5 }], listed, Policy);

        Assert.That(plan.Changes, Has.Count.EqualTo(2));
        Assert.That(plan.Changes[0], Is.InstanceOf<RemoveDestination>());
        Assert.That(((AddDestination)plan.Changes[1]).Flags, Is.EqualTo(flags));
    }

    [Test]
    public void Foreign_entries_are_left_alone()
    {
        var foreign = new ListedDestination(1, "sip:192.0.2.1", ListedState.Active, true, 0, "weight=50");
        var otherCluster = new ListedDestination(1, "sip:192.0.2.2", ListedState.Disabled, true, 0, "duid=x;kamrpc=other");

        Assert.That(Planner.Plan([], [foreign, otherCluster], Policy).IsEmpty);
    }

    [Test]
    public void A_member_whose_endpoint_stands_in_the_list_by_another_hand_is_skipped()
    {
        var foreign = new ListedDestination(1, "sip:a.example.org", ListedState.Active, true, 0, string.Empty);

        var plan = Planner.Plan([Members.Of("a")], [foreign], Policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.Skips, Is.EqualTo(new[] { new Skip(SkipReason.ForeignTwin, 1, "sip:a.example.org:5060", new MemberKey(1, "a")) }));
    }

    [Test]
    public void An_own_entry_is_not_removed_while_a_foreign_one_has_the_same_text()
    {
        var own = Listed(Members.Of("a"))[0];
        var foreign = own with { Attributes = string.Empty };

        var plan = Planner.Plan([], [own, foreign], Policy);

        Assert.That(plan.IsEmpty, "a remove drops every copy, the operator's too");
        Assert.That(plan.Skips, Has.Count.EqualTo(1));
    }

    [Test]
    public void Of_two_members_with_one_endpoint_the_later_one_is_the_truth()
    {
        var before = Members.Of("old", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var after = Members.Of("new", uri: "sip:10.0.0.1:5060") with { CreatedRevision = 6 };

        var plan = Planner.Plan([before, after], Listed(before), Policy);

        Assert.That(plan.Changes, Has.Count.EqualTo(2));
        Assert.That(plan.Changes[0], Is.EqualTo(new RemoveDestination(1, "sip:10.0.0.1")), "never two entries for one endpoint");
        Assert.That(((AddDestination)plan.Changes[1]).Attributes, Does.StartWith("duid=new;"));
        Assert.That(plan.Skips.Single().Reason, Is.EqualTo(SkipReason.Superseded));
    }

    [Test]
    public void Own_duplicates_are_made_one()
    {
        var entry = Listed(Members.Of("a"))[0];
        var model = new ListModel([entry, entry]);

        model.Apply(Planner.Plan([Members.Of("a")], model.Entries, Policy).Changes);

        Assert.That(model.Entries, Has.Count.EqualTo(1));
    }

    [Test]
    public void Own_duplicates_of_a_draining_member_are_all_silenced()
    {
        var member = Members.Of("a") with { State = MemberState.Draining };
        var entry = Listed(Members.Of("a"))[0];
        var model = new ListModel([entry, entry]);

        model.Apply(Planner.Plan([member], model.Entries, Policy).Changes);

        Assert.That(model.Entries.Where(static listed => listed.IsRoutable), Is.Empty);
    }

    [Test]
    public void Only_the_sets_asked_for_are_looked_at()
    {
        var policy = Policy with { Sets = new HashSet<int> { 2 } };

        var plan = Planner.Plan([Members.Of("a", 1), Members.Of("b", 2)], Listed(Members.Of("c", 1)), policy);

        Assert.That(plan.Changes.Select(static change => change.Set), Is.EqualTo(new[] { 2 }));
    }

    [Test]
    public void A_quarantined_destination_is_skipped()
    {
        var policy = Policy with { IsQuarantined = static _ => true };

        var plan = Planner.Plan([Members.Of("a")], [], policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.Skips.Single().Reason, Is.EqualTo(SkipReason.Quarantined));
    }

    [Test]
    public void The_operators_priority_is_the_coarse_key()
    {
        var model = new ListModel([]);
        Member[] members = [Members.Of("low"), Members.Of("high") with { Priority = MemberRules.MaxPriority }, Members.Of("middle") with { Priority = 1 }];

        model.Apply(Planner.Plan(members, [], Policy).Changes);

        Assert.That(model.Entries.Select(static entry => entry.Uri.Split(':', '.')[1]), Is.EqualTo(new[] { "high", "middle", "low" }));
        Assert.That(model.Entries.Select(static entry => entry.Priority), Is.All.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void The_fine_priority_is_the_same_in_every_release()
    {
        // A change of the hash would make every running fleet reorder itself at an upgrade.
        var add = (AddDestination)Planner.Plan([Members.Of("asterisk-1")], [], Policy).Changes[0];

        Assert.That(add.Priority, Is.EqualTo(2878211));
    }

    [Test]
    public void Where_add_takes_no_priority_none_is_asked_for()
    {
        var policy = Policy with { HasPriorities = false };
        var member = Members.Of("a") with { Priority = 3 };

        var add = (AddDestination)Planner.Plan([member], [], policy).Changes[0];

        Assert.That(add.Priority, Is.Zero);
        Assert.That(Planner.Plan([member], [new ListedDestination(1, add.Uri, ListedState.Active, true, 0, add.Attributes)], policy).IsEmpty);
    }

    private static List<ListedDestination> Listed(params Member[] members)
    {
        var model = new ListModel([]);
        model.Apply(Planner.Plan(members, [], Policy).Changes);
        return model.Entries;
    }
}
