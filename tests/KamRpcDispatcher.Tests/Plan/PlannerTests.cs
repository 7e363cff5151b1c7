using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Plan;

public class PlannerTests
{
    private static readonly PlanPolicy Policy = new("c");

    [Test]
    public void A_member_that_is_not_listed_is_added_probed_and_marked_as_ours()
    {
        var plan = Planner.Plan([Members.Of("a", set: 0, uri: "sip:[::1]:5061;transport=tls")], [], Policy);

        Assert.That(plan.Changes.Count(), Is.EqualTo(1));
        var add = plan.Adds[0];
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

        var add = Planner.Plan([member], [], Policy).Adds[0];

        Assert.That(add.Attributes, Is.EqualTo("duid=a;kamrpc=c;weight=7;rweight=7;maxload=30;socket=udp:10.0.0.9:5060"));
    }

    [Test]
    public void A_value_that_needs_quotes_has_them_and_is_not_replaced_again()
    {
        var member = Members.Of("a") with { Attributes = Attributes("obproxy", "sip:10.0.0.1;transport=tcp;kamrpc=other") };

        Assert.That(Planner.Plan([member], [], Policy).Adds[0].Attributes, Is.EqualTo("duid=a;kamrpc=c;obproxy=\"sip:10.0.0.1;transport=tcp;kamrpc=other\""));
        Assert.That(Planner.Plan([member], Listed(member), Policy).IsEmpty);
        var foreign = Listed(member)[0] with { Attributes = "x=\"a;duid=a;kamrpc=c\"" };
        Assert.That(Planner.Plan([], [foreign], Policy).IsEmpty, "what stands within somebody else's value is no mark of ours");
    }

    [Test]
    public void An_attribute_that_is_not_allowed_keeps_a_newcomer_out_and_a_listed_one_as_it_was()
    {
        var policy = Policy with { AllowedAttributes = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "maxload" } };
        var (plain, allowed, proxied) = (Members.Of("a"), Members.Of("a") with { Attributes = Attributes("MaxLoad", "7") }, Members.Of("a") with { Attributes = Attributes("obproxy", "10.0.0.1") });

        Assert.That(Planner.Plan([allowed], [], policy).Adds, Has.Count.EqualTo(1));
        var kept = Planner.Plan([proxied], Listed(plain), policy);
        foreach (var plan in new[] { Planner.Plan([proxied], [], policy), kept })
        {
            Assert.That(plan.IsEmpty);
            Assert.That(plan.Skips.Single(), Is.EqualTo(new Skip(SkipReason.NotAllowed, 1, proxied.Uri.Text, proxied.Key) { Detail = "obproxy" }));
            Assert.That((plan.Drift, plan.IsInForce), Is.EqualTo((1, true)), "the others are in force");
        }

        var listed = Planner.Plan([proxied], Listed(proxied), policy);
        Assert.That(listed.IsEmpty, "those that are listed with others already stay");
        Assert.That((listed.Skips.Single().Reason, listed.Skips.Single().Detail, listed.Drift), Is.EqualTo((SkipReason.ListedThoughNotAllowed, "obproxy", 0)));
        Assert.That(Planner.Plan([proxied with { State = MemberState.Draining }], Listed(proxied), policy).Disables, Has.Count.EqualTo(1));
        Assert.That(Planner.Plan([proxied], [], Policy).Adds, Has.Count.EqualTo(1), "by default every one is allowed");
    }

    [Test]
    public void Of_two_members_with_one_endpoint_the_one_without_attributes_that_are_not_allowed_serves()
    {
        var policy = Policy with { AllowedAttributes = new HashSet<string>() };
        var ok = Members.Of("ok", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var other = Members.Of("zz", uri: "sip:10.0.0.1") with { CreatedRevision = 9, Attributes = Attributes("obproxy", "10.0.0.2") };

        Assert.That(Planner.Plan([ok, other], Listed(ok), policy).IsEmpty);
    }

    [Test]
    public void What_is_listed_for_another_cluster_or_an_unserved_set_is_an_orphan_of_ours()
    {
        var listed = Listed(Members.Of("a"), Members.Of("b", set: 2));
        var renamed = listed[0] with { Uri = "sip:10.0.0.7", Attributes = "duid=a;kamrpc=old" };
        ListedDestination[] all = [.. listed, renamed, renamed with { Attributes = "x=\"1;kamrpc=old\"" }, renamed with { IsExact = false }, renamed with { Set = Sentinel.Set, Uri = Sentinel.Uri }];

        Assert.That(Orphan.In(all, Policy), Is.EqualTo(new[] { new Orphan(renamed, "old", IsOfAnotherCluster: true) }));
        Assert.That(Orphan.In(all, Policy with { Sets = new HashSet<int> { 1 } }), Is.EqualTo(new[] { new Orphan(listed[1], "c", IsOfAnotherCluster: false), new Orphan(renamed, "old", IsOfAnotherCluster: true) }));
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
            typeof(EnableDestination), typeof(AddDestination), typeof(DisableDestination),
            typeof(AddDestination), typeof(EnableDestination), typeof(DisableDestination), typeof(RemoveDestination),
            typeof(RemoveDestination),
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

    [TestCase(ListedState.Inactive, ListedState.Inactive)]
    [TestCase(ListedState.Trying, ListedState.Trying)]
    [TestCase(ListedState.Active, ListedState.Active)]
    [TestCase(ListedState.Disabled, ListedState.Active)]
    public void A_replacement_keeps_Kamailios_health_verdict(ListedState verdict, ListedState state)
    {
        var listed = Listed(Members.Of("a")).Select(entry => entry with { State = verdict });

        var plan = Planner.Plan([Members.Of("a") with { Weight = 5 }], listed, Policy);

        Assert.That(plan.Replacements.Single().Enable!.State, Is.EqualTo(state));
    }

    [Test]
    public void A_replacement_stands_beside_the_old_one_before_that_goes()
    {
        var old = Listed(Members.Of("a"))[0];

        var plan = Planner.Plan([Members.Of("a") with { Weight = 5 }], [old], Policy);

        const string second = "sip:a.example.org:5060;kamrpc";
        Assert.That(plan.Changes, Is.EqualTo(new Change[]
        {
            new AddDestination(1, second, 4 | 8, old.Priority, "duid=a;kamrpc=c;weight=5;rweight=5"),
            new EnableDestination(1, second),
            new DisableDestination(1, old.Uri),
            new RemoveDestination(1, old.Uri),
        }));
    }

    [Test]
    public void The_next_replacement_has_the_first_spelling_again()
    {
        var model = new ListModel(Listed(Members.Of("a")));
        model.Apply(Planner.Plan([Members.Of("a") with { Weight = 5 }], model.Entries, Policy).Changes);

        model.Apply(Planner.Plan([Members.Of("a") with { Weight = 6 }], model.Entries, Policy).Changes);

        Assert.That(model.Entries.Single().Uri, Is.EqualTo("sip:a.example.org:5060"));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_replacement_that_was_broken_off_is_ended(int steps)
    {
        Member[] members = [Members.Of("a") with { Weight = 5 }];
        var model = new ListModel(Listed(Members.Of("a")));
        model.Apply(Planner.Plan(members, model.Entries, Policy).Changes.Take(steps));

        var plan = Planner.Plan(members, model.Entries, Policy);
        model.Apply(plan.Changes);

        Assert.That(plan.Adds.Count + plan.Replacements.Count, Is.Zero);
        Assert.That(model.Entries.Single().State, Is.EqualTo(ListedState.Active));
        Assert.That(model.Entries.Single().Attributes, Does.EndWith("weight=5"));
    }

    [Test]
    public void While_the_new_form_is_refused_the_old_one_serves()
    {
        var changed = Members.Of("a") with { Weight = 5 };
        var old = Listed(Members.Of("a"))[0];
        var policy = Policy with { Refused = new HashSet<RefusedDestination> { new(1, changed.Uri.Text, "duid=a;kamrpc=c;weight=5;rweight=5") } };

        Assert.That(Planner.Plan([changed], [old], policy).IsEmpty);
        Assert.That(Planner.Plan([changed], [old with { State = ListedState.Disabled }], policy).Changes, Is.EqualTo(new Change[] { new EnableDestination(1, old.Uri) }));
    }

    [Test]
    public void Attributes_do_not_change_while_Kamailio_counts_calls()
    {
        var old = Listed(Members.Of("a"))[0] with { Calls = 1 };
        var changed = Members.Of("a") with { Weight = 5 };

        var plan = Planner.Plan([changed], [old], Policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.IsInForce, Is.False);
        Assert.That(plan.Skips.Single().Reason, Is.EqualTo(SkipReason.CallsCounted));
        Assert.That(Planner.Plan([changed], [old with { Calls = 0 }], Policy).Replacements, Has.Count.EqualTo(1));
    }

    [Test]
    public void Another_spelling_of_the_same_address_is_no_reason_for_a_replacement() =>
        Assert.That(Planner.Plan([Members.Of("a", uri: "sip:10.0.0.1:5060;transport=udp")], Listed(Members.Of("a", uri: "sip:10.0.0.1")), Policy).IsEmpty);

    [Test]
    public void Foreign_entries_are_left_alone()
    {
        var foreign = new ListedDestination(1, "sip:192.0.2.1", ListedState.Active, true, 0, "weight=50");
        var otherCluster = new ListedDestination(1, "sip:192.0.2.2", ListedState.Disabled, true, 0, "duid=x;kamrpc=other");

        Assert.That(Planner.Plan([], [foreign, otherCluster], Policy).IsEmpty);
    }

    [Test]
    public void What_cannot_be_shown_as_it_is_is_nobodys_of_ours()
    {
        var odd = Listed(Members.Of("a"))[0] with { IsExact = false };

        Assert.That(Planner.Plan([], [odd], Policy).IsEmpty);
    }

    [Test]
    public void A_member_whose_endpoint_stands_in_the_list_by_another_hand_is_skipped()
    {
        var foreign = new ListedDestination(1, "sip:a.example.org", ListedState.Active, true, 0, string.Empty);

        var plan = Planner.Plan([Members.Of("a")], [foreign], Policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.Skips, Is.EqualTo(new[] { new Skip(SkipReason.UnmanagedDuplicate, 1, "sip:a.example.org:5060", new MemberKey(1, "a")) }));
    }

    [Test]
    public void An_own_entry_is_not_removed_while_a_foreign_one_has_the_same_text()
    {
        var own = Listed(Members.Of("a"))[0];
        var foreign = own with { Attributes = string.Empty };

        var plan = Planner.Plan([], [own, foreign], Policy);

        Assert.That(plan.Removes, Is.Empty, "a remove drops every copy, the operator's too");
        Assert.That(plan.Skips, Has.Count.EqualTo(1));
    }

    [Test]
    public void An_own_entry_is_silenced_though_a_foreign_one_has_the_same_text()
    {
        var own = Listed(Members.Of("a"))[0];
        var foreign = own with { Attributes = string.Empty };

        foreach (var listed in new ListedDestination[][] { [own, foreign], [foreign, own] })
        {
            Assert.That(Planner.Plan([], listed, Policy).Disables, Is.EqualTo(new[] { new DisableDestination(1, own.Uri) { Duid = "a" } }));
        }

        var unreachable = Planner.Plan([], [foreign with { Attributes = "duid=A" }, own], Policy);
        Assert.That(unreachable.IsEmpty, "a state change would reach the operator's");
        Assert.That(unreachable.OwesSilence);
        Assert.That(unreachable.IsInForce, Is.False);
    }

    [Test]
    public void A_drained_entry_comes_back_though_a_foreign_one_that_is_off_has_the_same_text()
    {
        var own = Listed(Members.Of("a"))[0] with { State = ListedState.Disabled };
        var foreign = own with { Attributes = "duid=old" };
        var model = new ListModel([foreign, own]);

        model.Apply(Planner.Plan([Members.Of("a")], model.Entries, Policy).Changes);

        Assert.That(model.Entries.Select(static entry => (entry.Attributes, entry.State)), Is.EquivalentTo(new[] { ("duid=old", ListedState.Disabled), (own.Attributes, ListedState.Active) }));
    }

    [TestCase("sip:a.example.org")]
    [TestCase("sip:a.example.org:5060")]
    public void A_foreign_entry_that_is_off_keeps_nobody_out(string text)
    {
        var foreign = new ListedDestination(1, text, ListedState.Disabled, false, 5, "duid=old");
        var model = new ListModel([foreign]);

        model.Apply(Planner.Plan([Members.Of("a")], model.Entries, Policy).Changes);

        Assert.That(model.Entries.Single(static entry => entry.IsRoutable).Attributes, Is.EqualTo("duid=a;kamrpc=c"));
        Assert.That(model.Entries, Does.Contain(foreign));
        Assert.That(Planner.Plan([Members.Of("a")], model.Entries, Policy).IsEmpty);
    }

    [Test]
    public void A_member_that_drains_is_silenced_though_a_foreign_entry_has_its_text()
    {
        var own = Listed(Members.Of("a"))[0];
        var foreign = own with { Attributes = "duid=old", State = ListedState.Disabled };

        var plan = Planner.Plan([Members.Of("a") with { State = MemberState.Draining }], [foreign, own], Policy);

        Assert.That(plan.Disables, Is.EqualTo(new[] { new DisableDestination(1, own.Uri) { Duid = "a" } }));
        Assert.That(plan.Skips, Is.Empty);
    }

    [Test]
    public void Where_calls_go_on_by_a_foreign_entry_nobody_is_told_that_they_do_not()
    {
        var foreign = new ListedDestination(1, "sip:a.example.org", ListedState.Active, true, 5, string.Empty);

        var plan = Planner.Plan([Members.Of("a") with { State = MemberState.Draining }], [foreign], Policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.OwesSilence);
    }

    [Test]
    public void Members_that_come_with_another_address_that_Kamailio_refuses_serve_as_before_where_nobody_else_does()
    {
        Member[] before = [Members.Of("a"), Members.Of("b")];
        Member[] after = [Members.Of("a", uri: "sip:10.0.0.1"), Members.Of("b", uri: "sip:10.0.0.2")];
        var listed = Listed(before);

        var plan = Planner.Plan(after, listed, Policy);
        Assert.That(plan.Replacements, Has.Count.EqualTo(2));
        Assert.That(plan.Replacements.Select(static replacement => replacement.Disables[0].Uri), Is.EquivalentTo(before.Select(static member => member.Uri.Text)));
        Assert.That(plan.Replacements.Select(static replacement => replacement.Enable), Has.All.Not.Null, "Kamailio may say that it has added one, and not have it");
        Assert.That(plan.Disables, Is.Empty);

        var policy = Policy with { Refused = plan.Replacements.Select(static replacement => RefusedDestination.Of(replacement.Add)).ToHashSet() };
        Assert.That(Planner.Plan(after, listed, policy).IsEmpty, "as long as it is refused");
        Assert.That(Planner.Plan([after[0], before[1]], listed, policy).Disables, Has.Count.EqualTo(1), "with somebody else in the set it leaves at once");
    }

    [TestCase("sip:a.example.org")]
    [TestCase("sip:a.example.org:5060;transport=udp")]
    public void A_member_that_is_not_ready_is_silenced_though_its_address_stands_there_by_another_hand(string twin)
    {
        var own = Listed(Members.Of("a"))[0];
        var foreign = own with { Uri = twin, Attributes = string.Empty };

        foreach (var members in new Member[][] { [], [Members.Of("a") with { State = MemberState.Draining }] })
        {
            Assert.That(Planner.Plan(members, [foreign, own], Policy).Disables, Is.EqualTo(new[] { new DisableDestination(1, own.Uri) }));
        }
    }

    [Test]
    public void Of_two_members_with_one_endpoint_the_later_one_is_the_truth()
    {
        var before = Members.Of("old", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var after = Members.Of("new", uri: "sip:10.0.0.1:5060") with { CreatedRevision = 6 };

        var plan = Planner.Plan([before, after], Listed(before), Policy);

        Assert.That(plan.Replacements, Has.Count.EqualTo(1));
        Assert.That(plan.Replacements[0].Add.Attributes, Does.StartWith("duid=new;"));
        Assert.That(plan.Skips.Single().Reason, Is.EqualTo(SkipReason.Superseded));
        var model = new ListModel(Listed(before));
        foreach (var change in plan.Changes)
        {
            model.Apply(change);
            Assert.That(model.Entries.Count(static entry => entry.IsRoutable), Is.InRange(1, 2), "never without one");
        }

        Assert.That(model.Entries, Has.Count.EqualTo(1));
    }

    [TestCase(MemberState.Draining)]
    [TestCase(MemberState.Down)]
    public void A_record_under_another_name_does_not_take_a_ready_member_out_of_service(MemberState state)
    {
        var ok = Members.Of("ok", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var other = Members.Of("zz", uri: "sip:10.0.0.1:5060;transport=udp") with { CreatedRevision = 9, State = state };

        var plan = Planner.Plan([ok, other], Listed(ok), Policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.OwesSilence, Is.False);
        Assert.That(plan.Skips.Single(), Is.EqualTo(new Skip(SkipReason.Superseded, 1, other.Uri.Text, other.Key) { Holder = ok.Key, IsServed = true }));

        // Nor when both have been ready, and the newer one is stopped: the other serves on.
        var before = Listed(other with { State = MemberState.Ready });
        var after = Planner.Plan([ok, other], before, Policy);
        var model = new ListModel(before);
        foreach (var change in after.Changes)
        {
            model.Apply(change);
            Assert.That(model.Entries.Any(static entry => entry.IsRoutable), change.ToString());
        }

        Assert.That(model.Entries.Single().Attributes, Is.EqualTo("duid=ok;kamrpc=c"));
    }

    [Test]
    public void Of_two_members_with_one_endpoint_of_which_none_is_ready_nobody_serves()
    {
        var one = Members.Of("one", uri: "sip:10.0.0.1") with { CreatedRevision = 5, State = MemberState.Down };
        var other = Members.Of("other", uri: "sip:10.0.0.1") with { CreatedRevision = 9, State = MemberState.Draining };

        var plan = Planner.Plan([one, other], Listed(one with { State = MemberState.Ready }), Policy);

        Assert.That(plan.OwesSilence);
        Assert.That(plan.Skips.Single(static skip => skip.Reason == SkipReason.Superseded).IsServed, Is.False);
    }

    [Test]
    public void Of_two_members_with_one_endpoint_the_one_that_Kamailio_takes_serves()
    {
        var before = Members.Of("old", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var after = Members.Of("new", uri: "sip:10.0.0.1:5060") with { CreatedRevision = 6 };
        var policy = Policy with { Refused = new HashSet<RefusedDestination> { new(1, after.Uri.Text, "duid=new;kamrpc=c") } };

        Assert.That(Planner.Plan([before, after], Listed(before), policy).IsEmpty);
        Assert.That(Planner.Plan([before, after], [], policy).Adds.Single().Attributes, Is.EqualTo("duid=old;kamrpc=c"));
    }

    [TestCase(MemberState.Down)]
    [TestCase(MemberState.Draining)]
    public void Of_two_members_with_one_endpoint_a_ready_one_serves(MemberState other)
    {
        var ready = Members.Of("a", uri: "sip:10.0.0.1") with { CreatedRevision = 5 };
        var later = Members.Of("zz", uri: "sip:10.0.0.1") with { CreatedRevision = 6, State = other };

        Assert.That(Planner.Plan([ready, later], Listed(ready), Policy).IsEmpty);
    }

    [TestCase(true, false)]
    [TestCase(false, true)]
    public void A_member_waits_for_its_proof_only_while_somebody_else_takes_calls(bool isAdmissionProbed, bool isFoundDead)
    {
        var policy = Policy with { IsAdmissionProbed = isAdmissionProbed };
        if (isFoundDead)
        {
            policy = policy with { FoundDead = new HashSet<EndpointKey> { new(1, Members.Of("a").Uri.Endpoint) } };
        }

        Member[] members = [Members.Of("a"), Members.Of("b")];
        var b = Listed(Members.Of("b"));
        var drained = Listed(Members.Of("a"))[0] with { State = ListedState.Disabled };
        Assert.Multiple(() =>
        {
            Assert.That(Planner.Plan(members, b, policy).Adds.Single().Flags, Is.EqualTo(1 | 8));
            Assert.That(Planner.Plan(members, [drained, .. b], policy).Enables.Single().State, Is.EqualTo(ListedState.Inactive));
            Assert.That(Planner.Plan(members, [], policy).Adds.Select(static add => add.Flags), Is.EquivalentTo(isFoundDead ? new[] { 1 | 8, 8 } : [8, 8]), "b takes calls then, unless it has to be proved itself");
            Assert.That(Planner.Plan([Members.Of("a")], [], policy).Adds.Single().Flags, Is.EqualTo(8));
            Assert.That(Planner.Plan([Members.Of("a")], b, policy).Adds.Single().Flags, Is.EqualTo(8), "b leaves");
            Assert.That(Planner.Plan([Members.Of("a")], [drained], policy).Enables.Single().State, Is.EqualTo(ListedState.Active));
        });
    }

    [Test]
    public void A_member_that_waits_for_its_proof_takes_calls_when_nobody_else_does_any_more()
    {
        var waiting = Listed(Members.Of("a"))[0] with { State = ListedState.Inactive };
        var other = Listed(Members.Of("b"))[0];
        var policy = Policy with { AwaitingProof = new HashSet<EndpointKey> { new(1, Members.Of("a").Uri.Endpoint) } };

        Assert.That(Planner.Plan([Members.Of("a"), Members.Of("b")], [waiting, other], policy).IsEmpty);
        Assert.That(Planner.Plan([Members.Of("a")], [waiting, other], policy).Changes.First(), Is.EqualTo(new EnableDestination(1, waiting.Uri)));
        Assert.That(Planner.Plan([Members.Of("a")], [waiting], Policy).IsEmpty, "a verdict of Kamailio's is another matter");
    }

    [Test]
    public void Where_places_are_kept_a_newcomer_takes_that_of_one_who_left()
    {
        var policy = Policy with { DueForRemoval = new HashSet<ListedKey>(), ReusesPlaces = true };
        var listed = Listed(Members.Of("a"), Members.Of("b"), Members.Of("c"));
        var place = listed.FindIndex(static entry => entry.Attributes.StartsWith("duid=b;", StringComparison.Ordinal));
        var model = new ListModel(listed);
        model.Apply(Planner.Plan([Members.Of("a"), Members.Of("c")], model.Entries, policy).Changes);
        Assert.That(model.Entries[place].State, Is.EqualTo(ListedState.Disabled));
        Assert.That(Planner.Plan([Members.Of("a"), Members.Of("c")], model.Entries, policy).IsEmpty);

        model.Apply(Planner.Plan([Members.Of("a"), Members.Of("c"), Members.Of("d")], model.Entries, policy).Changes);

        Assert.That(model.Entries, Has.Count.EqualTo(3));
        Assert.That(model.Entries[place].Attributes, Is.EqualTo("duid=d;kamrpc=c"));
        Assert.That(model.Entries[place].State, Is.EqualTo(ListedState.Active));
    }

    [Test]
    public void Plain_order_has_no_fine_part_and_no_reason_to_change_it()
    {
        var policy = Policy with { Order = DestinationOrder.Plain };
        Member[] members = [Members.Of("a"), Members.Of("b") with { Priority = 3 }];
        var model = new ListModel([]);

        model.Apply(Planner.Plan(members, [], policy).Changes);

        Assert.That(model.Entries.Select(static entry => entry.Priority), Is.EqualTo(new[] { 3, 0 }));
        Assert.That(Planner.Plan(members, model.Entries, policy).IsEmpty);
        Assert.That(Planner.Plan(members, model.Entries, Policy).Replacements, Has.Count.EqualTo(2), "and the way back");
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
    public void A_draining_member_that_a_broken_off_replacement_has_left_twice_is_left_once()
    {
        var member = Members.Of("a") with { State = MemberState.Draining };
        var entry = Listed(Members.Of("a"))[0];
        var model = new ListModel([entry with { Uri = Spelling.Second(entry.Uri), Attributes = "duid=a;kamrpc=c;weight=5", State = ListedState.Disabled }, entry]);

        model.Apply(Planner.Plan([member], model.Entries, Policy).Changes);

        Assert.That(model.Entries.Select(static listed => (listed.Uri, listed.State)), Is.EqualTo(new[] { (entry.Uri, ListedState.Disabled) }));
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
        var policy = Policy with { Refused = new HashSet<RefusedDestination> { new(1, Members.Of("a").Uri.Text, "duid=a;kamrpc=c") } };

        var plan = Planner.Plan([Members.Of("a")], [], policy);

        Assert.That(plan.IsEmpty);
        Assert.That(plan.Skips.Single().Reason, Is.EqualTo(SkipReason.Quarantined));
    }

    [Test]
    public void The_operators_priority_is_the_coarse_key()
    {
        var model = new ListModel([]);
        Member[] members = [Members.Of("low"), Members.Of("high") with { Priority = MemberValidation.MaxPriority }, Members.Of("middle") with { Priority = 1 }];

        model.Apply(Planner.Plan(members, [], Policy).Changes);

        Assert.That(model.Entries.Select(static entry => entry.Uri.Split(':', '.')[1]), Is.EqualTo(new[] { "high", "middle", "low" }));
        Assert.That(model.Entries.Select(static entry => entry.Priority), Is.All.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void The_fine_priority_is_the_same_in_every_release()
    {
        // A change of the hash would make every running fleet reorder itself at an upgrade.
        var add = Planner.Plan([Members.Of("asterisk-1")], [], Policy).Adds[0];

        Assert.That(add.Priority, Is.EqualTo(2878211));
    }

    [Test]
    public void Where_add_takes_no_priority_none_is_asked_for()
    {
        var policy = Policy with { HasPriorities = false };
        var member = Members.Of("a") with { Priority = 3 };

        var add = Planner.Plan([member], [], policy).Adds[0];

        Assert.That(add.Priority, Is.Zero);
        Assert.That(Planner.Plan([member], [new ListedDestination(1, add.Uri, ListedState.Active, true, 0, add.Attributes)], policy).IsEmpty);
    }

    private static List<ListedDestination> Listed(params Member[] members)
    {
        var model = new ListModel([]);
        model.Apply(Planner.Plan(members, [], Policy).Changes);
        return model.Entries;
    }

    private static ImmutableSortedDictionary<string, string> Attributes(string name, string value) => ImmutableSortedDictionary<string, string>.Empty.WithComparers(StringComparer.Ordinal).Add(name, value);
}
