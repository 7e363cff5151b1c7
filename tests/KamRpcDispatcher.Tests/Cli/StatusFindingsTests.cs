using System.Text.Json;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc status</c> finds: it never says that all is well when it is not, or when it does not know.</summary>
public class StatusFindingsTests
{
    private static readonly AnnouncedMember[] Three = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2"), Ready("c", "sip:10.0.0.3")];

    [Test]
    public void Where_everybody_gets_calls_there_is_none() => Assert.That(Findings(View(Three, ("p1", Report(3)), ("p2", Report(3)))), Is.Empty);

    [Test]
    public void A_Kamailio_that_does_not_answer_is_found_with_since_when_and_why_and_hides_what_was_before()
    {
        var lost = Report(3, 0) with { Contact = new KamailioContact(false, Now.AddSeconds(-12), "connection refused at /run/k.sock: is Kamailio running?"), Troubles = [new ProxyTrouble(TroubleKind.Kamailio, Now, "the same")] };

        var finding = Findings(View(Three, ("p1", lost))).Single();

        Assert.That((finding.Code, finding.Proxy, finding.Set), Is.EqualTo(("kamailio-lost", "p1", (int?)null)));
        Assert.That(finding.Text, Is.EqualTo("proxy p1: Kamailio does not answer, for 12s: who gets calls there is not known (connection refused at /run/k.sock: is Kamailio running?)"));
    }

    [Test]
    public void A_report_of_an_older_version_says_what_it_says_and_the_rest_is_not_known()
    {
        var older = Report(3) with { Contact = null, WrittenAt = null, Version = null };

        Assert.That(Codes(View(Three, ("p1", older))), Is.EqualTo(new[] { "report-older-version" }));
        Assert.That(Codes(View(Three, ("p1", older with { Troubles = [new ProxyTrouble("kamailio", Now, "gone")] }))), Is.EqualTo(new[] { "kamailio-lost", "report-older-version" }));
        Assert.That(Calls(View(Three, ("p1", older))).Sets.Single().Unknown, Is.EqualTo(3));
    }

    [Test]
    public void A_set_without_a_routable_destination_is_found_whatever_its_members_say()
    {
        var dead = Three.Select(static announced => announced with { Member = announced.Member with { State = MemberState.Down } }).ToList();
        var nothing = Report(0) with { Sets = Report(0).Sets.SetItem(1, new SetStatus(3, 0) { Wanted = 0, Serving = 0 }) };

        var finding = Findings(View(dead, ("p1", nothing))).Single();

        Assert.That((finding.Code, finding.Set, finding.Proxy), Is.EqualTo(("set-without-destination", (int?)1, "p1")));
        Assert.That(finding.Text, Is.EqualTo("set 1 has 3 members and no routable destination on p1: every call to it fails there"));
    }

    [Test]
    public void A_set_without_room_for_another_call_is_found_and_nobody_of_it_gets_more_calls()
    {
        var full = Report(3) with { Sets = Report(3).Sets.SetItem(1, new SetStatus(3, 3) { Wanted = 3, Serving = 3, Full = 30 }) };
        var view = View(Three, ("p1", full), ("p2", Report(3)));

        var finding = Findings(view).Single();

        Assert.That((finding.Code, finding.Set, finding.Proxy), Is.EqualTo(("set-full", (int?)1, "p1")));
        Assert.That(finding.Text, Is.EqualTo("set 1: every routable destination on p1 is full (all 30 calls of their maxload are up): algorithm 10 has none there for another call until one ends"));
        Assert.That(Screen(view), Does.Contain("SET 1: 3 of 3 get calls, and EVERY ONE IS FULL on p1"));
        Assert.That(JsonElement.Parse(Json(view)).GetProperty("proxies")[0].GetProperty("report").GetProperty("sets")[0].GetProperty("full").GetInt64(), Is.EqualTo(30));

        var explained = MemberExplanation.Of("a", Calls(view), new EtcdKeys("default")).Single();
        Assert.That((explained.Verdict.IsAsItShouldBe, explained.Verdict.Text), Is.EqualTo((false, "a gets no more calls on p1: it is full, as every routable destination of its set is (algorithm 10), until one of its calls ends; another proxy has it as it should be.")));

        // What a proxy said before it lost its Kamailio is not known any more.
        var lost = full with { Contact = new KamailioContact(false, Now, "gone") };
        Assert.That(Codes(View(Three, ("p1", lost))), Is.EqualTo(new[] { "kamailio-lost" }));
    }

    [Test]
    public void A_proxy_that_is_asked_for_and_does_not_report_is_found_and_nothing_is_said_of_others()
    {
        var asked = StatusOptions.Default with { Proxies = new HashSet<string> { "p1", "p2" } };

        Assert.That(asked.Findings(Calls(asked.Filter(View(Three, ("p1", Report(3)), ("p3", Report(3)))))).Select(static finding => (finding.Code, finding.Proxy)), Is.EqualTo(new[] { ("no-proxy", "p2") }));
        Assert.That(asked.Findings(Calls(asked.Filter(View(Three, ("p3", Report(3)))))).Where(static finding => finding.Code == "no-proxy").Select(static finding => finding.Proxy), Is.EqualTo(new[] { "p1", "p2" }));
    }

    [TestCase("AP", CallState.All)]
    [TestCase("TX", CallState.All)]
    [TestCase("IP", CallState.None)]
    [TestCase(null, CallState.None)]
    public void What_is_held_is_kept_as_it_was_by_Kamailios_verdict(string? flags, object calls) =>
        Assert.That(ProxyLens.CallsOf(Off(DeviationKind.Held, "x", "sip:10.0.0.9", 1) with { Flags = flags }), Is.EqualTo(calls));

    [Test]
    public void A_set_that_no_proxy_serves_is_found()
    {
        var unmanaged = Report(3) with { Sets = Report(3).Sets.SetItem(1, new SetStatus(0, 0)) };

        Assert.That(Texts(View(Three, ("p1", unmanaged))), Is.EqualTo(new[] { "set 1 has 3 members, and no proxy serves it" }));
        Assert.That(Codes(View(Three, ("p1", unmanaged), ("p2", Report(3)))), Is.Empty, "p1 has other sets to serve");
    }

    /// <summary>Those whom a mass event took: calls go to them all the same.</summary>
    [Test]
    public void A_set_whose_members_are_held_back_is_not_below_half()
    {
        var held = Report(3) with { Sets = Report(3).Sets.SetItem(1, new SetStatus(3, 3) { Wanted = 0, Serving = 0, Held = 3 }) };

        Assert.That(Codes(View(Three, ("p1", held))), Does.Not.Contain("set-below-half"));
    }

    [Test]
    public void A_set_below_half_and_each_member_that_is_ready_and_gets_no_calls_are_found()
    {
        var ill = Report(3, 1) with
        {
            Deviations = [Off(DeviationKind.Inactive, "b", "sip:10.0.0.2", 7) with { Flags = "IP" }, Off(DeviationKind.Refused, "c", "sip:10.0.0.3", 5) with { Reason = "no such host", Until = Now.AddSeconds(3) }],
        };

        Assert.That(Findings(View(Three, ("p1", Report(3)), ("p2", ill))).Select(static finding => (finding.Code, finding.Set, finding.Member, finding.Proxy, finding.Text)), Is.EqualTo(new[]
        {
            ("set-below-half", (int?)1, (string?)null, "p2", "set 1: 1 of 3 members gets calls on p2, less than half"),
            ("member-without-calls", (int?)1, (string?)"b", "p2", "set 1: b is ready and gets no calls on p2: it does not answer Kamailio's pings (IP, for 7s)"),
            ("member-without-calls", (int?)1, (string?)"c", "p2", "set 1: c is ready and gets no calls on p2: it cannot be put into Kamailio: no such host (for 5s, tried again in 3s)"),
        }));
    }

    [Test]
    public void Those_that_a_report_counts_and_has_no_room_for_are_counted()
    {
        var crowded = Report(3, 2) with { Deviations = [], MoreDeviations = 1 };

        Assert.That(Texts(View(Three, ("p1", crowded))), Is.EqualTo(new[] { "set 1: 1 more ready member without calls on p1" }));
        Assert.That(Calls(View(Three, ("p1", crowded))).Sets.Single().Members.Select(static member => member.Calls), Is.All.EqualTo(CallState.Unknown));
    }

    [Test]
    public void A_set_that_a_report_has_no_room_for_is_well_where_others_that_are_well_had_room()
    {
        var other = new AnnouncedMember(Members.Of("other", 2, "sip:10.0.0.20"), 1) { ModRevision = 42 };
        var crowded = Report(3) with { MoreSets = 1 };
        var ill = Report(3, 2) with { MoreSets = 1, Deviations = [Off(DeviationKind.Missing, "c", "sip:10.0.0.3", 1)] };

        Assert.That(Calls(View([.. Three, other], ("p1", crowded))).Sets[1].Members.Single().Calls, Is.EqualTo(CallState.All));
        Assert.That(Calls(View([.. Three, other], ("p1", ill))).Sets[1].Members.Single().Calls, Is.EqualTo(CallState.Unknown));
    }

    [Test]
    public void A_proxy_that_has_not_seen_its_Kamailio_yet_knows_nothing()
    {
        var young = Report(0) with { Contact = null, Kamailio = string.Empty, Revision = 0 };

        Assert.That(Codes(View(Three, ("p1", young))), Has.Some.EqualTo("kamailio-lost").And.None.EqualTo("report-older-version"));
        Assert.That(Texts(View(Three, ("p1", young))), Has.Some.EqualTo("proxy p1 has nothing in force yet of what members have announced").And.None.Contains("revisions behind"));
        Assert.That(Calls(View(Three, ("p1", young))).Sets.Single().Unknown, Is.EqualTo(3));
    }

    [Test]
    public void One_that_still_gets_calls_and_one_whose_deviation_is_of_a_newer_version_are_found_and_one_that_leaves_is_not()
    {
        var view = View(
            [Three[0], Three[1] with { Member = Three[1].Member with { State = MemberState.Draining } }],
            ("p1", Report(1) with { Deviations = [Off(DeviationKind.Serving, "b", "sip:10.0.0.2", 2) with { Flags = "AP" }, Off("melting", "a", "sip:10.0.0.1", 1), Off(DeviationKind.Leaving, "z", "sip:10.0.0.9", 1)] }));

        Assert.That(Codes(view), Is.EquivalentTo(new[] { "member-still-serving", "deviation" }));
    }

    [Test]
    public void Two_proxies_on_one_host_are_found_and_in_two_containers_they_are_not()
    {
        static ProxyStatus On(string machine, string kamailio) => Report(3) with { Identity = new ProxyIdentity(machine, "edge", kamailio, null) };

        var finding = Findings(View(Three, ("p1", On("boot/1", "jsonrpc+unix:/a")), ("p2", On("boot/1", "jsonrpc+unix:/b")))).Single();
        Assert.That(finding.Code, Is.EqualTo("two-proxies-on-one-host"));
        Assert.That(finding.Text, Does.StartWith("p1 (Kamailio at jsonrpc+unix:/a), p2 (Kamailio at jsonrpc+unix:/b) are on one host, edge"));
        Assert.That(Findings(View(Three, ("p1", On("boot/1", "jsonrpc+unix:/a")), ("p2", On("boot/2", "jsonrpc+unix:/a")))), Is.Empty);
    }

    [Test]
    public void Proxies_that_share_by_weights_in_different_ways_are_found_with_each_way()
    {
        static ProxyStatus By(string way) => Report(3) with { Shares = new ShareReport(way) };

        var finding = Findings(View(Three, ("p1", By("map")), ("p2", By("percent")), ("p3", Report(3)))).Single();
        Assert.That(finding.Code, Is.EqualTo("share-ways-differ"));
        Assert.That(finding.Text, Does.Contain("p1 by --share map; p2 by --share percent"));
        Assert.That(Findings(View(Three, ("p1", By("map")), ("p2", By("map")))), Is.Empty);
    }

    [TestCase("memory", "trouble-memory")]
    [TestCase("name", "name-held")]
    [TestCase("duplicate", "address-held")]
    [TestCase("of-a-newer-version", "trouble-of-a-newer-version")]
    [TestCase("Odd\u001b[2J", "trouble")]
    public void A_trouble_has_the_code_of_its_kind(string kind, string code)
    {
        var finding = Findings(View(Three, ("p1", Report(3) with { Troubles = [new ProxyTrouble(kind, Now, "text\u001b")] }))).Single();

        Assert.That((finding.Code, finding.Proxy), Is.EqualTo((code, "p1")));
        Assert.That(finding.Text, Does.StartWith("proxy p1: ").And.Not.Contain("\u001b"));
    }

    [Test]
    public void Without_any_proxy_nothing_is_in_step() => Assert.That(Texts(View(Three)).Single(), Does.StartWith("no proxy reports"));

    [Test]
    public void Several_names_for_one_address_are_one_finding_whatever_the_proxies_say_of_it()
    {
        AnnouncedMember[] two = [Ready("ok", "sip:10.0.0.1"), Ready("zz", "sip:10.0.0.1:5060")];
        var report = Report(2, 1) with { Deviations = [Off(DeviationKind.Superseded, "zz", "sip:10.0.0.1:5060", 9)], Superseded = [new SupersededMember(two[1].Member.Key, two[0].Member.Key, IsServed: true)] };

        var finding = Findings(View(two, ("p1", report))).Single();

        Assert.That((finding.Code, finding.Set, finding.Member), Is.EqualTo(("address-held", (int?)1, "zz")));
        Assert.That(finding.Text, Is.EqualTo("set 1: ok has the address of zz too, and is followed"));
    }

    [Test]
    public void What_a_proxy_owes_is_found_as_before()
    {
        var owing = Report(3) with
        {
            Revision = 40, Drift = 2, IsFromSnapshot = true, Held = [Members.Of("x"), Members.Of("y")], MoreHeld = 1, Quarantined = [new QuarantinedDestination(1, "sip:z", "no such host", Now)],
        };
        var view = View(Three, ("p1", owing), ("p2\u001b[2J", null)) with { Rejected = [new RejectedRecord("/kamrpc/c/members/1/c", "uri is missing", KeepsLastGood: false)] };

        Assert.That(Findings(view).Select(static finding => $"{finding.Code}: {finding.Text}"), Is.EqualTo(new[]
        {
            "held: proxy p1 holds back 3 members (PANIC)",
            "quarantined: proxy p1: 1 destination cannot be put into Kamailio",
            "drift: proxy p1 owes 2 changes",
            "behind: proxy p1 is 2 revisions behind the newest member record",
            "snapshot: proxy p1 works from a saved membership",
            @"report-unreadable: proxy p2\u001b[2J: its report cannot be read",
            "rejected: record /kamrpc/c/members/1/c rejected: uri is missing",
        }));
    }

    /// <summary>What Kamailio refuses is owed for ever, and is told as that.</summary>
    [Test]
    public void A_proxy_that_owes_only_what_Kamailio_refuses_is_not_at_it()
    {
        var refusing = Report(3) with { Drift = 2, Quarantined = [new QuarantinedDestination(1, "sip:z", "no such host", Now)], MoreQuarantined = 1 };

        Assert.That(Codes(View(Three, ("p1", refusing))), Is.EqualTo(new[] { "quarantined" }));
        Assert.That(Screen(View(Three, ("p1", refusing))), Does.Contain("2 refused").And.Not.Contain("not yet"));
        Assert.That(Codes(View(Three, ("p1", refusing with { Drift = 3 }))), Is.EqualTo(new[] { "quarantined", "drift" }));
        Assert.That(Screen(View(Three, ("p1", refusing with { Drift = 3 }))), Does.Contain("not yet").And.Not.Contain("refused  "));
    }

    /// <summary>A report has room for the reasons of some: that none of a set gets calls is known of all.</summary>
    [Test]
    public void Of_a_set_in_which_nobody_gets_calls_everybody_is_known_to_get_none()
    {
        AnnouncedMember[] many = [.. Enumerable.Range(1, 50).Select(static number => Ready($"m{number}", $"sip:10.0.1.{number}"))];
        var dead = Report(50, 0) with { Deviations = [.. many.Take(40).Select(static member => Off(DeviationKind.Inactive, member.Member.Key.Name, member.Member.Uri.Text, 7))], MoreDeviations = 10 };

        var set = Calls(View(many, ("p1", dead))).Sets.Single();
        Assert.That((set.Getting, set.Unknown), Is.EqualTo((0, 0)));
        Assert.That(Screen(View(many, ("p1", dead))), Does.StartWith("SET 1: 0 of 50 get calls").And.Not.Contain("not known"));
        Assert.That(Explained("m50", View(many, ("p1", dead))), Is.EqualTo(new MemberVerdict(
            false, "m50 gets no calls on p1: nobody of its set gets calls there; the report has no room for the reason of each.")));
        Assert.That(Calls(View([many[49] with { ModRevision = 99 }], ("p1", dead))).Sets.Single().Unknown, Is.EqualTo(1), "that is not followed yet");
    }

    [Test]
    public void Programs_get_code_and_text_and_what_it_is_about_and_the_sentences_as_before()
    {
        var status = JsonElement.Parse(Json(View(Three, ("p1", Report(3, 2) with { Deviations = [Off(DeviationKind.Missing, "c", "sip:10.0.0.3", 1)] }))));

        var problem = status.GetProperty("problems").EnumerateArray().Single();
        Assert.That(problem.EnumerateObject().Select(static field => field.Name), Is.EqualTo(new[] { "code", "text", "set", "member", "proxy" }));
        Assert.That(problem.GetProperty("code").GetString(), Is.EqualTo("member-without-calls"));
        Assert.That(problem.GetProperty("member").GetString(), Is.EqualTo("c"));
        Assert.That(status.GetProperty("findings")[0].GetString(), Is.EqualTo(problem.GetProperty("text").GetString()));
        Assert.That(status.GetProperty("inStep").GetBoolean(), Is.False);
    }

    [Test]
    public void What_is_ignored_does_not_count()
    {
        var view = View(Three, ("p1", Report(3) with { Drift = 1, IsFromSnapshot = true }));

        Assert.That((StatusOptions.Default with { Ignored = new HashSet<string> { "drift" } }).Findings(Calls(view)).Select(static finding => finding.Code), Is.EqualTo(new[] { "snapshot" }));
    }
}
