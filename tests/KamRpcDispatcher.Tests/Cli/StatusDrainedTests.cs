using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Members that an operator has drained, by what <c>kamrpc status</c> says of them.</summary>
public partial class StatusDrainedTests
{
    private static readonly AnnouncedMember[] Three = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2"), Ready("c", "sip:10.0.0.3")];

    [Test]
    public void A_weight_is_said_to_be_of_who_gave_it_whoever_has_drained_the_member_since()
    {
        var drained = Drain("a") with { Weight = 20, Weighed = new WeightOrigin("tom@h1", Now, "small box", null) };

        Assert.That((IntentText.Weight(drained), IntentText.Weight(drained with { Weighed = null })), Is.EqualTo(("weight 20 by tom@h1 (small box)", "weight 20 by ops@h1 (kernel update)")));
    }

    [Test]
    public void A_drained_member_is_shown_so_with_who_when_and_why_and_is_no_finding()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(2))), ("p2", Following(Report(2)))), Drain("b"));

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.StartWith("SET 1: 2 of 3 get calls, 1 drained").And.Contain("b sip:10.0.0.2 NO CALLS drained for 5m by ops@h1 (kernel update), announced ready").And.EndWith("In step. "));
    }

    [Test]
    public void A_drained_proxy_is_shown_so_with_who_when_and_why_and_is_no_finding()
    {
        var view = View(Three, ("p1", OfProxies(Report(3), isDrained: true)), ("p2", OfProxies(Report(3), isDrained: false))) with { ProxyIntents = Proxies("p1") };

        Assert.That(Findings(view), Is.Empty);
        var screen = InOneLine(Screen(view));
        Assert.That(screen, Does.Contain("p1 5.6 drained 57").And.Contain("p2 5.6 synced 57"));
        Assert.That(screen, Does.Contain("PROXY FOLLOWED BY SINCE REASON p1 yes ops@h1 5m kernel update"));
        var status = JsonElement.Parse(Json(view));
        Assert.That(Compact(status.GetProperty("proxyIntents")), Is.EqualTo("""[{"proxy":"p1","drain":true,"by":"ops@h1","at":"2026-01-31T11:55:00Z","reason":"kernel update"}]"""));
        var reports = status.GetProperty("proxies").EnumerateArray().Select(static proxy => proxy.GetProperty("report")).ToList();
        Assert.That(reports.Select(static report => (report.GetProperty("drained").GetBoolean(), report.GetProperty("drainedByOperator").ValueKind)), Is.EqualTo(new[] { (true, JsonValueKind.Object), (false, JsonValueKind.Null) }));
        Assert.That(InOneLine(MemberExplanation.Of("a", Calls(view), new EtcdKeys("c")).Single().ToText(Narrow)), Does.Contain("proxies: p1 is drained, so that calls may come to the others only"));
    }

    [Test]
    public void A_proxy_that_does_not_follow_its_drain_is_found_and_one_that_does_not_report_is_shown()
    {
        var view = View(Three, ("p1", Following(Report(3)))) with { ProxyIntents = Proxies("p1", "p9") };

        Assert.That(Findings(view).Select(static finding => (finding.Code, finding.Proxy, finding.Text)), Is.EqualTo(new[]
        {
            ("intents-not-followed", "p1", "proxy p1 is drained for 5m by ops@h1 (kernel update), and does not follow that (an older kamrpc, or its etcd role may not read it): 'kamrpc health' goes on well there"),
        }));
        Assert.That(InOneLine(Screen(view)), Does.Contain("p1 no ops@h1 5m kernel update p9 does not report ops@h1 5m kernel update"));
    }

    [Test]
    public void A_weight_that_an_operator_gave_is_shown_with_who_gave_it()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(3)))), new Intent(new MemberKey(1, "b")) { Weight = 10, By = "ops@h1", At = Now.AddMinutes(-5), Reason = "slow disks" });

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.Match("b sip:10.0.0.2 CALLS ready[^,]*, weight 10 by ops@h1 \\(slow disks\\)"));
        var members = JsonElement.Parse(Json(view)).GetProperty("members");
        Assert.That(Compact(members[1].GetProperty("weightByOperator")), Is.EqualTo("""{"weight":10,"by":"ops@h1","at":"2026-01-31T11:55:00Z","reason":"slow disks"}"""));
        Assert.That(members[0].GetProperty("weightByOperator").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public void Programs_get_what_it_announces_and_whose_drain_it_is_under()
    {
        var status = JsonElement.Parse(Json(Wishing(View(Three, ("p1", Following(Report(2)))), Drain("b"))));

        var members = status.GetProperty("members");
        Assert.That(Compact(members[1].GetProperty("drainedByOperator")), Is.EqualTo("""{"by":"ops@h1","at":"2026-01-31T11:55:00Z","reason":"kernel update"}"""));
        Assert.That((members[1].GetProperty("state").GetString(), members[1].GetProperty("calls").GetString()), Is.EqualTo(("ready", "none")));
        Assert.That(members[0].GetProperty("drainedByOperator").ValueKind, Is.EqualTo(JsonValueKind.Null));
        var set = status.GetProperty("sets")[0];
        Assert.That((set.GetProperty("members").GetInt32(), set.GetProperty("ready").GetInt32(), set.GetProperty("drained").GetInt32(), set.GetProperty("getCalls").GetInt32()), Is.EqualTo((3, 2, 1, 2)));
        var report = status.GetProperty("proxies")[0].GetProperty("report");
        Assert.That((report.GetProperty("intentsRevision").GetInt64(), report.GetProperty("intentsSilenced").GetInt64(), status.GetProperty("intentRevision").GetInt64()), Is.EqualTo((57L, 57L, 44L)));
    }

    [Test]
    public void What_calls_are_up_on_it_is_shown_with_the_age_of_that_where_its_announcer_says_so()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(1)))), Drain("b"), Drain("c")) with
        {
            CallCounts = new Dictionary<MemberKey, StoredCallCount>
            {
                [new(1, "a")] = new(new CallCount(9), null),
                [new(1, "b")] = new(new CallCount(3) { At = Now.AddSeconds(-2) }, null),
                [new(1, "c")] = new(null, "calls: -1 is not from 0 to 1000000"),
            },
        };

        Assert.That(InOneLine(Screen(view)), Does.Contain("drained for 5m by ops@h1 (kernel update), 3 calls 2s ago, announced ready")
            .And.Contain("drained for 5m by ops@h1 (kernel update), how many calls are up is not known: the count cannot be used (calls: -1 is not from 0 to 1000000), announced ready")
            .And.Not.Contain("9 calls"), "nobody drains that one");
        var members = JsonElement.Parse(Json(view)).GetProperty("members");
        Assert.That(members.EnumerateArray().Select(static member => Compact(member.GetProperty("callsUp"))), Is.EqualTo(new[]
        {
            "null",
            """{"calls":3,"channels":null,"at":"2026-01-31T11:59:58Z","countedBy":"announcer","unknown":null}""",
            """{"calls":null,"channels":null,"at":null,"countedBy":null,"unknown":"calls: -1 is not from 0 to 1000000"}""",
        }));
    }

    [Test]
    public void One_that_still_gets_calls_is_found_before_all_else_and_the_proxy_is_named()
    {
        var older = Report(3) with { Drift = 1 };
        var view = Wishing(View(Three, ("p1", Following(Report(2))), ("p2", older)), Drain("b"));

        Assert.That(Codes(view), Is.EqualTo(new[] { "member-still-serving", "drift", "intents-not-followed" }));
        var worst = Findings(view)[0];
        Assert.That((worst.Set, worst.Member, worst.Proxy), Is.EqualTo(((int?)1, "b", "p2")));
        Assert.That(worst.Text, Is.EqualTo("set 1: b is drained for 5m by ops@h1 (kernel update) and STILL GETS CALLS on p2: it follows no intents (an older kamrpc, or its etcd role may not read them)"));
        Assert.That(InOneLine(Screen(view)), Does.Contain("b sip:10.0.0.2 SOME drained for 5m by ops@h1 (kernel update), announced ready; on p2: GETS CALLS all the same: it follows no intents"));
        Assert.That(InOneLine(Screen(Wishing(View(Three, ("p2", Report(3))), Drain("b")))), Does.Contain("p2 5.6 no intents 57"));
    }

    [Test]
    public void One_that_a_proxy_could_not_take_out_is_found_once_and_with_the_reason()
    {
        var serving = Following(Report(2)) with { Deviations = [Off(DeviationKind.Serving, "b", "sip:10.0.0.2", 2) with { Flags = "AP" }] };

        var finding = Findings(Wishing(View(Three, ("p1", serving)), Drain("b"))).Single();

        Assert.That(finding.Code, Is.EqualTo("member-still-serving"));
        Assert.That(finding.Text, Does.EndWith("STILL GETS CALLS on p1: it is to get no calls and still gets them (AP, for 2s)"));
    }

    [Test]
    public void Whatever_else_keeps_calls_from_a_drained_member_is_as_wished()
    {
        var dead = Report(3, 2) with { Deviations = [Off(DeviationKind.Inactive, "b", "sip:10.0.0.2", 7) with { Flags = "IP" }] };

        Assert.That(Codes(Wishing(View(Three, ("p1", dead)), Drain("b"))), Is.EqualTo(new[] { "intents-not-followed" }));
        Assert.That(Codes(View(Three, ("p1", dead))), Is.EqualTo(new[] { "member-without-calls" }));
    }

    [Test]
    public void Until_a_proxy_has_followed_the_drain_it_is_behind_and_whether_calls_come_is_not_known()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(3), 43))), Drain("b"));

        Assert.That(Findings(view).Select(static finding => $"{finding.Code}: {finding.Text}"), Is.EqualTo(new[] { "behind: proxy p1 is 1 revision behind the newest intent of an operator's" }));
        Assert.That(Calls(view).Sets.Single().Members.Select(static member => member.Calls), Is.EqualTo(new[] { CallState.All, CallState.Unknown, CallState.All }));
        Assert.That(InOneLine(Screen(view)), Does.Contain("what an operator wishes of it is not applied yet (revision 43 of 44)").And.Contain("p1 5.6 not yet 57 1"));
        Assert.That(view.Behind(Report(3)), Is.Zero, "it follows none");

        // Disabled it may be before all that intents ask for is in force.
        var silenced = Following(Report(2), 43) with { Intents = new IntentsProgress(43, 44) };
        Assert.That(Calls(Wishing(View(Three, ("p1", silenced)), Drain("b"))).Sets.Single().Members[1].Calls, Is.EqualTo(CallState.None));
    }

    [Test]
    public void A_wish_that_drains_nobody_is_to_be_followed_as_well()
    {
        var wish = new Intent(new MemberKey(1, "b")) { Weight = 20 };
        var view = Wishing(View(Three, ("p1", Following(Report(3), 43))), wish);

        Assert.That(Codes(view), Is.EqualTo(new[] { "behind" }));
        Assert.That(Calls(view).Sets.Single().Members.Select(static member => member.Calls), Is.EqualTo(new[] { CallState.All, CallState.Unknown, CallState.All }), "it may have been drained before");
        Assert.That(Findings(Wishing(View(Three, ("p1", Following(Report(3)))), wish)), Is.Empty);
    }

    [Test]
    public void A_set_of_which_all_are_drained_has_nobody_left_and_is_told_how_to_get_them_back()
    {
        var nobody = Following(Report(0)) with { Sets = Report(0).Sets.SetItem(1, new SetStatus(3, 0) { Wanted = 0, Serving = 0 }) };
        var view = Wishing(View(Three, ("p1", nobody)), Drain("a"), Drain("b"), Drain("c"));

        Assert.That(Findings(view).Select(static finding => (finding.Code, finding.Set, finding.Proxy, finding.Text)), Is.EqualTo(new[]
        {
            ("set-without-destination", (int?)1, "p1", "set 1 has 3 members, each drained by an operator, and no routable destination on p1: every call to it fails there; 'kamrpc resume a b c --set 1' takes that back, with --force where it is somebody else's"),
        }));
        Assert.That(Screen(view), Does.StartWith("SET 1: 0 of 3 get calls, ALL DRAINED by operators"));
        Assert.That(Calls(view).Sets.Single().IsAsWished, Is.False);

        // Somebody else's entry takes the calls.
        var foreign = nobody with { Sets = nobody.Sets.SetItem(1, new SetStatus(4, 1) { Wanted = 0, Serving = 0 }) };
        Assert.That(Findings(Wishing(View(Three, ("p1", foreign)), Drain("a"), Drain("b"), Drain("c"))).Select(static finding => $"{finding.Code}: {finding.Text}"), Is.EqualTo(new[]
        {
            "set-drained: set 1 has nobody left: each of its 3 members is drained by an operator; 'kamrpc resume a b c --set 1' takes that back, with --force where it is somebody else's",
        }));

        // Those who are held after a mass expiry take them.
        var holding = nobody with
        {
            Sets = nobody.Sets.SetItem(1, new SetStatus(4, 1) { Wanted = 0, Serving = 0, Held = 1 }), Held = [Members.Of("x")],
            Deviations = [Off(DeviationKind.Held, "x", "sip:x.example.org:5060", 9) with { Flags = "AP", Reason = "gone, or not ready any more, with many others" }],
        };
        view = Wishing(View(Three, ("p1", holding)), Drain("a"), Drain("b"), Drain("c"));
        Assert.That(Findings(view).Select(static finding => $"{finding.Code}: {finding.Text}"), Has.Some.StartsWith("set-drained: set 1 has nobody left but x, who went with others and is kept (PANIC): each of its 3 members is drained by an operator;"));
        Assert.That(Screen(view), Does.Match("^SET 1: 0 of 3 get calls, ALL DRAINED by operators, 1 more kept as before\\s+\\(PANIC\\)"));
    }

    [Test]
    public void Where_the_last_one_is_down_and_the_others_are_drained_both_are_told()
    {
        AnnouncedMember[] members = [Three[0], Three[1], Three[2] with { Member = Three[2].Member with { State = MemberState.Down } }];
        var nobody = Following(Report(0)) with { Sets = Report(0).Sets.SetItem(1, new SetStatus(3, 0) { Wanted = 0, Serving = 0 }) };

        Assert.That(Texts(Wishing(View(members, ("p1", nobody)), Drain("a"), Drain("b"))), Is.EqualTo(new[]
        {
            "set 1 has 3 members, 2 of them drained by an operator, and no routable destination on p1: every call to it fails there; 'kamrpc resume a b --set 1' takes that back, with --force where it is somebody else's",
        }));
    }

    [Test]
    public void Drained_members_do_not_make_a_set_less_than_half()
    {
        Assert.That(Findings(Wishing(View(Three, ("p1", Following(Report(1)))), Drain("b"), Drain("c"))), Is.Empty);

        AnnouncedMember[] four = [.. Three, Ready("d", "sip:10.0.0.4")];
        var ill = Following(Report(3, 1)) with { Deviations = [Off(DeviationKind.Missing, "a", "sip:10.0.0.1", 1), Off(DeviationKind.Missing, "b", "sip:10.0.0.2", 1)] };
        Assert.That(Texts(Wishing(View(four, ("p1", ill)), Drain("d"))), Has.Some.EqualTo("set 1: 1 of 3 members gets calls on p1, less than half"));
    }

    [Test]
    public void That_a_drain_was_taken_back_leaves_no_record_and_a_proxy_that_has_not_followed_it_is_not_believed()
    {
        var before = View(Three, ("p1", Following(Report(2))));

        Assert.That(Calls(before).Sets.Single().Members.Select(static member => member.Calls), Is.All.EqualTo(CallState.Unknown));
        var finding = Findings(before).Single();
        Assert.That(finding.Code, Is.EqualTo("calls-not-known"));
        Assert.That(finding.Text, Does.Contain("the proxy counts fewer ready members in the set than there are: it has not followed yet that a drain was taken back"));
        Assert.That(Findings(View(Three, ("p1", Following(Report(3))))), Is.Empty);

        var newcomer = View([Three[0], Three[1], Three[2] with { ModRevision = 99 }], ("p1", Following(Report(2))));
        Assert.That(Calls(newcomer).Sets.Single().Members.Select(static member => member.Calls), Is.EqualTo(new[] { CallState.All, CallState.All, CallState.Unknown }), "it has not followed that one's record");
    }

    /// <summary>One whose role lost the right to read them.</summary>
    [Test]
    public void A_proxy_that_follows_no_intents_may_have_those_of_before_in_force()
    {
        var view = Wishing(View(Three, ("p1", Report(2))), Drain("b"));

        Assert.That(Calls(view).Sets.Single().Members[1].Calls, Is.EqualTo(CallState.Unknown));
        Assert.That(Codes(view), Has.None.EqualTo("member-still-serving").And.Some.EqualTo("intents-not-followed"));
        Assert.That(InOneLine(Screen(view)), Does.Contain("this proxy follows no intents (an older kamrpc, or its etcd role may not read them), and what it knew of them before may be in force"));

        Assert.That(Calls(View(Three, ("p1", Report(2)))).Sets.Single().Members[1].Calls, Is.EqualTo(CallState.Unknown), "it is taken back");

        var crowded = Report(3) with { MoreSets = 1 };
        AnnouncedMember[] other = [.. Three, new AnnouncedMember(Members.Of("other", 2, "sip:10.0.0.20"), 1) { ModRevision = 42 }];
        Assert.That(Calls(Wishing(View(other, ("p1", crowded)), Drain("other", set: 2))).Sets[1].Members.Single().Calls, Is.EqualTo(CallState.Unknown), "a set that is not named is not counted");
        Assert.That(Calls(View(other, ("p1", crowded))).Sets[1].Members.Single().Calls, Is.EqualTo(CallState.All));
    }

    /// <summary>From what was saved, or since etcd has told its members only.</summary>
    [TestCase(true, "snapshot", "p1 5.6 from snapshot 57")]
    [TestCase(false, "behind", "p1 5.6 not yet 57 44")]
    public void A_proxy_that_has_not_read_intents_yet_follows_them_and_what_it_does_is_not_known(bool isFromSnapshot, string code, string row)
    {
        var view = Wishing(View(Three, ("p1", Following(Report(2), 0) with { IsFromSnapshot = isFromSnapshot })), Drain("b"));

        Assert.That(Calls(view).Sets.Single().Members[1].Calls, Is.EqualTo(CallState.Unknown));
        Assert.That(Codes(view), Has.None.EqualTo("intents-not-followed").And.Some.EqualTo(code));
        Assert.That(InOneLine(Screen(view)), Does.Contain("what an operator wishes of it is not applied yet (revision 0 of 44)").And.Contain(row));
    }

    [Test]
    public void One_that_is_not_announced_is_shown_since_the_drain_is_in_force_when_it_comes_back()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(3)))), Drain("z", set: 7), new Intent(new MemberKey(1, "y")) { Weight = 20, By = "ops@h1" });

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.Contain("DRAINED, NOT ANNOUNCED").And.Contain("7 z ops@h1 5m kernel update").And.Not.Contain(" y "));
        Assert.That(Compact(JsonElement.Parse(Json(view)).GetProperty("intents")), Is.EqualTo(
            """[{"set":1,"name":"y","drain":false,"weight":20,"by":"ops@h1","at":null,"reason":null},{"set":7,"name":"z","drain":true,"weight":null,"by":"ops@h1","at":"2026-01-31T11:55:00Z","reason":"kernel update"}]"""));
        Assert.That(InOneLine(Screen(Wishing(View(Three, ("p1", Following(Report(2)))), Drain("b")))), Does.Not.Contain("NOT ANNOUNCED"));
    }

    [Test]
    public void What_cannot_be_used_and_what_may_not_be_read_are_found()
    {
        var view = View(Three, ("p1", Following(Report(3))));
        var rejected = view with { RejectedIntents = [new RejectedRecord("/kamrpc/c/intents/1/a", "drain: neither true nor false", KeepsLastGood: false) { Member = new MemberKey(1, "a") }] };
        var refused = view with { IntentsRefused = "permission denied: the role" };

        var finding = Findings(rejected).Single();
        Assert.That((finding.Code, finding.Set, finding.Member, finding.Text), Is.EqualTo(("intents-not-readable", (int?)1, "a", "record /kamrpc/c/intents/1/a rejected: drain: neither true nor false")));
        Assert.That(Compact(JsonElement.Parse(Json(rejected)).GetProperty("rejectedIntents")), Is.EqualTo("""[{"key":"/kamrpc/c/intents/1/a","reason":"drain: neither true nor false"}]"""));
        Assert.That(Findings(refused).Select(static one => $"{one.Code}: {one.Text}"), Is.EqualTo(new[]
        {
            "intents-not-readable: who is drained by an operator is not known: etcd does not let this user read it (permission denied: the role)",
        }));
        Assert.That(JsonElement.Parse(Json(refused)).GetProperty("intentsRefused").GetString(), Is.EqualTo("permission denied: the role"));
    }

    [Test]
    public void A_proxy_that_follows_no_intents_is_found_where_there_is_one_of_a_set_that_it_may_serve()
    {
        var elsewhere = Report(3) with { Serves = [2] };

        Assert.That(Codes(View(Three, ("p1", Report(3)))), Is.Empty, "nobody wishes anything");
        Assert.That(Codes(Wishing(View(Three, ("p1", Following(Report(2))), ("p2", elsewhere)), Drain("b"))), Is.Empty);
        Assert.That(Codes(Wishing(View(Three, ("p1", Following(Report(2))), ("p2", elsewhere with { Serves = [1, 2] })), Drain("b"))), Does.Contain("intents-not-followed"));
    }

    [Test]
    public void One_that_is_not_ready_by_its_own_word_is_so_whatever_an_operator_wishes()
    {
        AnnouncedMember[] members = [Three[0], Three[1] with { Member = Three[1].Member with { State = MemberState.Down, Reason = "no answer", Since = Now.AddMinutes(-1) } }];
        var view = Wishing(View(members, ("p1", Following(Report(1)))), Drain("b"));

        Assert.That((view.Members[1].Effective, view.Members[1].IsDrained), Is.EqualTo((MemberState.Down, false)));
        Assert.That(InOneLine(Screen(view)), Does.StartWith("SET 1: 1 of 2 gets calls on p1").And.Contain("NO CALLS down for 1m (no answer), drained for 5m by ops@h1 (kernel update)"));
        Assert.That((view.Members[0].Effective, view.Members[0].InEffect), Is.EqualTo((MemberState.Ready, view.Members[0].Member)));
    }

    [Test]
    public void Of_two_names_for_one_address_the_one_is_followed_that_nobody_has_drained()
    {
        AnnouncedMember[] two = [Ready("ok", "sip:10.0.0.1"), Ready("zz", "sip:10.0.0.1:5060")];
        two[0] = two[0] with { Member = two[0].Member with { CreatedRevision = 9 } };
        var view = Wishing(View(two, ("p1", Following(Report(1)))), Drain("ok"));

        Assert.That(Texts(view), Is.EqualTo(new[] { "set 1: zz has the address of ok too, and is followed" }));
        Assert.That(InOneLine(Screen(view)), Does.Contain("zz (ready) ok (drained)"));
    }

    [Test]
    public void Where_some_sets_are_shown_the_wishes_of_others_do_not_count()
    {
        var view = Wishing(View(Three, ("p1", Following(Report(3), 43))), Drain("z", set: 2));
        var asked = StatusOptions.Default with { Sets = new HashSet<int> { 1 } };

        Assert.That(Codes(view), Is.EqualTo(new[] { "behind" }));
        Assert.That(asked.Findings(Calls(asked.Filter(view))), Is.Empty);
        Assert.That(asked.Filter(view).Intents, Is.Empty);
    }

    /// <summary>Whoever may write in etcd may write there what he likes.</summary>
    [Test]
    public void What_an_operator_writes_is_made_safe_to_print()
    {
        var odd = Drain("b") with { By = "\u001b[2Jops", Reason = "\u001b]0;x" };

        Assert.That(Screen(Wishing(View(Three, ("p1", Report(3))), odd, odd with { Key = new MemberKey(1, "gone") }), layout: new Layout(200, Palette.None)), Does.Not.Contain("\u001b"));
        Assert.That(Texts(Wishing(View(Three, ("p1", Report(3))), odd)), Has.None.Contains("\u001b"));
    }

    private static string InOneLine(string screen) => Space().Replace(screen, " ");

    private static string Compact(JsonElement json) => JsonText.InOneLine(json.GetRawText()).TrimEnd();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    private static ProxyStatus OfProxies(ProxyStatus report, bool isDrained) => Following(report) with { Applies = ["members", "intents", "proxies"], Intent = new ProxyIntent(57, isDrained) };

    private static ImmutableSortedDictionary<string, StoredIntent> Proxies(params string[] names) => names.ToImmutableSortedDictionary(static name => name, static _ => new StoredIntent(Drain("x"), 50));
}
