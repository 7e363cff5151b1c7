using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

public class DeviationFinderTests
{
    private static readonly DateTimeOffset Later = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly Member A = Members.Of("a", uri: "sip:10.0.0.1");
    private static readonly Member B = Members.Of("b", uri: "sip:10.0.0.2:5070");

    private static readonly TestCaseData[] Cases =
    [
        Case("as wished", [A], [Listed(A, ListedState.Active)]),
        Case("a ping failed, and calls go on", [A], [Listed(A, ListedState.Trying)]),
        Case("not to get calls, and gets none", [A with { State = MemberState.Draining }], [Listed(A, ListedState.Disabled)]),
        Case("in its other spelling", [A], [Listed(A, ListedState.Active) with { Uri = A.Uri.Text + ";kamrpc" }]),
        Case("under another text of the same address", [A], [Listed(A, ListedState.Active) with { Uri = "sip:10.0.0.1:5060;transport=udp" }]),
        Case("by an operator's entry", [A], [Listed(A, ListedState.Active) with { Attributes = "weight=5" }]),
        Case("somebody else's that is dead", [], [Listed(A, ListedState.Inactive) with { Attributes = "" }]),
        Case("missing", [A], [], new Deviation("missing", 1, "a", "sip:10.0.0.1", default)),
        Case("found dead", [A], [Listed(A, ListedState.Inactive)], new Deviation("inactive", 1, "a", "sip:10.0.0.1", default) { Flags = "IP" }),
        Case("disabled", [A], [Listed(A, ListedState.Disabled) with { Probing = false }], new Deviation("disabled", 1, "a", "sip:10.0.0.1", default) { Flags = "DX" }),
        Case("draining, and gets calls", [A with { State = MemberState.Draining, Reason = "kernel\nupdate" }], [Listed(A, ListedState.Active)], new Deviation("serving", 1, "a", "sip:10.0.0.1", default) { Flags = "AP", Reason = "draining: kernel\\u000aupdate" }),
        Case("has left, and gets calls", [], [Listed(A, ListedState.Trying)], new Deviation("serving", 1, "a", "sip:10.0.0.1", default) { Flags = "TP" }),
        Case("has left", [], [Listed(A, ListedState.Disabled)], new Deviation("leaving", 1, "a", "sip:10.0.0.1", default) { Flags = "DP", Until = Later }),
        Case("has come with another address", [A], [Listed(A, ListedState.Active), Listed(A, ListedState.Disabled) with { Uri = "sip:10.0.0.9" }], new Deviation("leaving", 1, "a", "sip:10.0.0.9", default) { Flags = "DP", Reason = "came with another address" }),
        Case("one of two", [A, B], [Listed(A, ListedState.Active), Listed(B, ListedState.Inactive)], new Deviation("inactive", 1, "b", "sip:10.0.0.2:5070", default) { Flags = "IP" }),
    ];

    [TestCaseSource(nameof(Cases))]
    public void What_is_not_as_wished_is_found(Member[] members, ListedDestination[] listed, Deviation[] expected) =>
        Assert.That(DeviationFinder.Compare(View(members, listed) with { Removals = new Dictionary<ListedKey, DateTimeOffset> { [new ListedKey(1, "sip:10.0.0.1")] = Later } }).Deviations, Is.EqualTo(expected));

    [Test]
    public void One_that_is_drained_and_gets_calls_is_told_with_who_drained_it()
    {
        var view = View([A with { State = MemberState.Draining, Reason = "drained by ops@host: disk" }], [Listed(A, ListedState.Active)]);
        view = view with { Membership = view.Membership with { Drained = new HashSet<MemberKey> { A.Key } } };

        Assert.That(DeviationFinder.Compare(view).Deviations.Single(), Is.EqualTo(new Deviation("serving", 1, "a", "sip:10.0.0.1", default) { Flags = "AP", Reason = "drained by ops@host: disk" }));
    }

    [TestCase(ListedState.Active, null, 1)]
    [TestCase(ListedState.Inactive, "inactive", 0)]
    [TestCase(null, "missing", 0)]
    public void One_that_starts_slowly_in_its_class_alone_is_served_there(ListedState? state, string? kind, int serving)
    {
        var copy = A with { Key = new MemberKey(ClassSets.Base + 1, "a") };
        var view = View([A with { State = MemberState.Draining }, copy], state is { } known ? [Listed(A, known) with { Set = copy.Key.Set }] : []);
        view = view with { Membership = view.Membership with { Apart = new HashSet<MemberKey> { A.Key }, ClassKeys = new[] { copy.Key }.ToLookup(static _ => A.Key) } };

        var found = DeviationFinder.Compare(view);
        Assert.That(found.Sets[1], Is.EqualTo(new SetShare(1, serving)));
        Assert.That(found.Deviations.Select(static one => (one.Kind, one.Set)), Is.EqualTo(kind is null ? [] : new[] { (kind, 1) }));
    }

    [Test]
    public void What_is_left_of_a_class_that_no_map_names_serves_nobody_and_only_waits_to_be_cleared_away()
    {
        ListedDestination[] listed = [Listed(A, ListedState.Active), Listed(A, ListedState.Active) with { Set = ClassSets.Base + 9 }];
        var view = View([A], listed);
        Assert.That((view.Plan.Disables.Count, view.Plan.Removes.Count), Is.EqualTo((1, 1)));

        var left = DeviationFinder.Compare(view with { Classes = new Dictionary<int, NamedClass>() });
        Assert.That((left.Deviations.Count, left.Clearing), Is.EqualTo((0, 2)));

        Assert.That(DeviationFinder.Compare(view).Clearing, Is.Zero, "nobody knows what maps name");
        var named = DeviationFinder.Compare(view with { Classes = new Dictionary<int, NamedClass> { [ClassSets.Base + 9] = new(1, "v1") } });
        Assert.That((named.Deviations.Count, named.Clearing), Is.EqualTo((0, 0)), "it changes its class, and is to get calls");
    }

    [Test]
    public void Whoever_has_left_and_gets_calls_by_a_class_is_told_by_the_set_and_the_name_of_the_class()
    {
        var view = View([], [Listed(A, ListedState.Active) with { Set = ClassSets.Base + 9 }]);

        Assert.That(
            DeviationFinder.Compare(view with { Classes = new Dictionary<int, NamedClass> { [ClassSets.Base + 9] = new(1, "v1") } }).Deviations.Single(),
            Is.EqualTo(new Deviation("serving", 1, "a", "sip:10.0.0.1", default) { Flags = "AP", Reason = "in the class v1 of the set" }));
    }

    [Test]
    public void Whoever_is_drained_and_has_calls_by_its_class_too_is_told_once_and_by_its_set()
    {
        var drained = A with { State = MemberState.Draining, Reason = "disk" };
        var copy = drained with { Key = new MemberKey(ClassSets.Base + 9, "a") };
        var view = View([drained, copy], [Listed(A, ListedState.Active), Listed(A, ListedState.Active) with { Set = ClassSets.Base + 9 }]) with { Classes = new Dictionary<int, NamedClass> { [ClassSets.Base + 9] = new(1, null) } };

        Assert.That(DeviationFinder.Compare(view).Deviations.Select(static found => (found.Kind, found.Set, found.Name)), Is.EqualTo(new[] { ("serving", 1, "a") }));
    }

    [Test]
    public void One_that_Kamailio_refuses_is_told_with_its_reason_and_the_next_try()
    {
        var view = View([A], []) with { Refusals = new Dictionary<ListedKey, Refusal> { [new ListedKey(1, A.Uri.Text)] = new Refusal("no such host", Later) } };

        Assert.That(DeviationFinder.Compare(view).Deviations.Single(), Is.EqualTo(new Deviation("refused", 1, "a", "sip:10.0.0.1", default) { Reason = "no such host", Until = Later }));
    }

    [Test]
    public void One_that_came_with_an_address_that_Kamailio_refuses_is_told_with_where_its_calls_go_on_to()
    {
        var before = Listed(A, ListedState.Active) with { Uri = "sip:10.0.0.9" };
        var view = View([A], [before]) with { Refusals = new Dictionary<ListedKey, Refusal> { [new ListedKey(1, A.Uri.Text)] = new Refusal("no IPv6 socket", Later) } };

        Assert.That(
            DeviationFinder.Compare(view).Deviations.Single(),
            Is.EqualTo(new Deviation("refused", 1, "a", "sip:10.0.0.1", default) { Reason = "no IPv6 socket; calls go on to sip:10.0.0.9, where it was before", Until = Later }));
    }

    [TestCase(SkipReason.NotAllowed, "--allow-attr does not name its attributes: obproxy")]
    [TestCase(SkipReason.Flapping, "its record changes too often, so it waits")]
    [TestCase(SkipReason.WithoutEffect, "changed more than once without effect")]
    public void One_that_is_held_back_is_told_with_the_reason(SkipReason reason, string text)
    {
        var plan = new ChangePlan { Skips = [new Skip(reason, 1, A.Uri.Text, A.Key) { Detail = "obproxy" }] };

        Assert.That(DeviationFinder.Compare(View([A], [], plan)).Deviations.Single(), Is.EqualTo(new Deviation("missing", 1, "a", "sip:10.0.0.1", default) { Reason = text }));
    }

    [Test]
    public void One_whose_address_another_name_has_is_wanted_and_does_not_serve()
    {
        var other = A with { Key = new MemberKey(1, "z") };
        var comparison = DeviationFinder.Compare(View([A, other], [Listed(A, ListedState.Active)]));

        Assert.That(comparison.Deviations.Single(), Is.EqualTo(new Deviation("superseded", 1, "z", "sip:10.0.0.1", default) { Flags = "AP", Reason = "a has its address" }));
        Assert.That(comparison.Sets[1], Is.EqualTo(new SetShare(2, 1)));
    }

    [Test]
    public void Those_that_are_held_are_told_and_neither_wanted_nor_left()
    {
        var expired = new ExpiredMember(A, Later, 4, default);
        var view = View([B], [Listed(A, ListedState.Active), Listed(B, ListedState.Active)]);
        view = view with { Held = [A], Hold = TimeSpan.FromMinutes(10), Membership = view.Membership with { Expired = [expired] } };
        var comparison = DeviationFinder.Compare(view);

        Assert.That(comparison.Deviations.Single(), Is.EqualTo(new Deviation("held", 1, "a", "sip:10.0.0.1", default) { Flags = "AP", Reason = "gone, or not ready any more, with many others", Until = Later.AddMinutes(10) }));
        Assert.That(comparison.Sets[1], Is.EqualTo(new SetShare(1, 1)));
    }

    [TestCase(LeaveCause.Expired, "its lease expired")]
    [TestCase(LeaveCause.Emptied, "its set's file has nobody of the set")]
    [TestCase(LeaveCause.Unsourced, "no --source brings its set any more")]
    [TestCase(LeaveCause.Vanished, "no EndpointSlice has it any more")]
    [TestCase(LeaveCause.Missing, "it went while nobody watched")]
    [TestCase(null, "it went without a word")]
    public void One_that_went_is_told_as_its_source_has_it(LeaveCause? cause, string said)
    {
        var view = View([], [Listed(A, ListedState.Disabled)]);
        view = view with { Membership = view.Membership with { Expired = [new ExpiredMember(A, Later, 1, default)], Left = new[] { cause }.OfType<LeaveCause>().ToDictionary(static _ => A.Key) } };

        Assert.That(DeviationFinder.Compare(view).Deviations.Single().Reason, Is.EqualTo(said));
    }

    [Test]
    public void An_operators_entry_that_keeps_calls_at_a_member_that_drains_is_told()
    {
        var draining = A with { State = MemberState.Draining };
        var foreign = Listed(A, ListedState.Active) with { Attributes = string.Empty };
        var policy = new PlanPolicy("c");
        var view = View([draining], [foreign], Planner.Plan([draining], [foreign], policy));

        Assert.That(DeviationFinder.Compare(view).Deviations.Select(static found => (found.Kind, found.Name, found.Flags)), Is.EqualTo(new[] { ("serving", "a", "AP") }));
    }

    [Test]
    public void Who_waits_for_Kamailios_first_good_ping_is_not_said_to_be_dead()
    {
        var view = View([A], [Listed(A, ListedState.Inactive)]);
        view = view with { Policy = view.Policy with { AwaitingProof = new HashSet<EndpointKey> { new(1, A.Uri.Endpoint) } } };

        Assert.That(DeviationFinder.Compare(view).Deviations.Single().Reason, Is.EqualTo("waits for Kamailio's first good ping"));
    }

    [Test]
    public void A_set_of_which_Kamailio_has_nothing_is_there_and_one_that_is_not_managed_is_not()
    {
        var view = View([A, Members.Of("x", set: 7), Members.Of("y", set: 9)], [Listed(A, ListedState.Inactive), Listed(A, ListedState.Active) with { Set = 9, Uri = "sip:y.example.org:5060" }, Listed(A, ListedState.Active) with { Set = 3, Attributes = "" }]);
        view = view with { Policy = view.Policy with { Sets = new HashSet<int> { 1, 3, 7 } } };

        var sets = DeviationFinder.Compare(view).Sets;
        Assert.That(sets.OrderBy(static set => set.Key), Is.EqualTo(new Dictionary<int, SetShare> { [1] = new(1, 0), [3] = new(0, 0), [7] = new(1, 0) }));
    }

    [Test]
    public void A_set_that_is_named_is_there_when_nobody_is_left_in_it()
    {
        var view = View([], []);

        Assert.That(DeviationFinder.Compare(view with { Policy = view.Policy with { Sets = new HashSet<int> { 1 } } }).Sets, Is.EqualTo(new Dictionary<int, SetShare> { [1] = default }));
        Assert.That(DeviationFinder.Compare(view).Sets, Is.Empty);
        Assert.That(DeviationFinder.Compare(view with { Deserted = new HashSet<int> { 7 } }).Sets, Is.EqualTo(new Dictionary<int, SetShare> { [7] = default }), "and so is one that was in use");
    }

    [Test]
    public void What_is_wanted_and_does_not_serve_is_a_deviation_each_whatever_there_is()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var members = Enumerable.Range(0, 12).Select(number => Members.Of($"m{number}", random.Next(1, 3), $"sip:10.0.0.{random.Next(1, 9)}") with { State = random.Next(4) == 0 ? MemberState.Draining : MemberState.Ready }).ToArray();
            var listed = Enumerable.Range(0, 8).Select(_ => new ListedDestination(random.Next(1, 3), $"sip:10.0.0.{random.Next(1, 9)}", (ListedState)random.Next(4), true, 0, random.Next(3) == 0 ? string.Empty : $"duid=m{random.Next(12)};kamrpc=c")).ToArray();
            var comparison = DeviationFinder.Compare(View(members, listed, Planner.Plan(members, listed, new PlanPolicy("c"))));

            foreach (var (set, share) in comparison.Sets)
            {
                var unserved = comparison.Deviations.Count(found => found.Set == set && found.Kind is not (DeviationKind.Serving or DeviationKind.Leaving or DeviationKind.Held));
                Assert.That(share.Wanted - share.Serving, Is.EqualTo(unserved));
                Assert.That(share.Wanted, Is.EqualTo(members.Count(member => member.Key.Set == set && member.State == MemberState.Ready)));
            }
        }
    }

    [Test]
    public void A_deviation_keeps_its_beginning_for_as_long_as_it_lasts_and_the_worst_come_first()
    {
        var clock = new FakeTimeProvider(Later);
        var tracker = new DeviationTracker(clock);
        var (left, dead) = (new Deviation("leaving", 1, "a", "sip:a", default), new Deviation("inactive", 1, "b", "sip:b", default));
        tracker.Track([left]);
        clock.Advance(TimeSpan.FromSeconds(5));

        Assert.That(tracker.Track([left with { Reason = "x" }, dead]).Select(static found => (found.Kind, found.Since)), Is.EqualTo(new[] { ("inactive", Later.AddSeconds(5)), ("leaving", Later) }));

        tracker.Track([dead]);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(tracker.Track([left, dead]).Select(static found => found.Since), Is.EqualTo(new[] { Later.AddSeconds(5), Later.AddSeconds(6) }), "another time");
    }

    private static TestCaseData Case(string name, Member[] members, ListedDestination[] listed, params Deviation[] expected) => new TestCaseData(members, listed, expected).SetArgDisplayNames(name);

    private static ListedDestination Listed(Member member, ListedState state) => new(1, member.Uri.Text, state, true, 0, $"duid={member.Key.Name};kamrpc=c");

    private static CycleView View(Member[] members, ListedDestination[] listed, ChangePlan? plan = null) => new(
        new Membership(5, members, []),
        [],
        new DispatcherTable(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), new KamailioInstance("then", string.Empty), listed),
        plan ?? Planner.Plan(members, listed, new PlanPolicy("c")),
        new PlanPolicy("c"));
}
