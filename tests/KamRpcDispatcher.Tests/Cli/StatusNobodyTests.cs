using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Sources;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>A set in which nobody is to get calls, a set that nobody has, and a cluster without anybody: none of them is in step.</summary>
public class StatusNobodyTests
{
    private static readonly AnnouncedMember[] Three = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2"), Ready("c", "sip:10.0.0.3")];

    [Test]
    public void A_set_that_everybody_has_left_is_found_while_they_are_taken_out()
    {
        var view = View([], ("p1", Leaving("a", "b", "c")), ("p2", Leaving("a", "b", "c")));

        var finding = Findings(view).Single();

        Assert.That((finding.Code, finding.Set, finding.Proxy), Is.EqualTo(("set-without-members", (int?)1, (string?)null)));
        Assert.That(finding.Text, Is.EqualTo("set 1 has no member any more, and no routable destination on p1, p2: every call to it fails there"));
        Assert.That(InOneLine(view), Does.StartWith("SET 1: no members, what has left is still being taken out, and NOBODY ELSE gets calls on 2 proxies").And.Contain("NOT IN STEP"));
    }

    [Test]
    public void A_set_that_is_served_by_name_is_found_for_as_long_as_nobody_is_in_it()
    {
        var named = Report(0) with { Serves = [1] };
        var finding = Findings(View([], ("p1", named))).Single();

        Assert.That((finding.Code, finding.Set, finding.Proxy), Is.EqualTo(("set-without-members", (int?)1, "p1")));
        Assert.That(finding.Text, Is.EqualTo("set 1 has no member, and no routable destination on p1: every call to it fails there"));
        Assert.That(
            Texts(View([], ("p1", Report(0)))),
            Is.EqualTo(new[] { "set 1 has no member any more, and no routable destination on p1: every call to it fails there; where none is routed to it any more, a restart of kamrpc dispatch there has it forgotten" }),
            "one that is there though nothing is left of it, and --set does not name it, was in use");
        Assert.That(Screen(View([], ("p1", named))), Does.StartWith("SET 1: no members, and NOBODY ELSE gets calls"));
        Assert.That(JsonElement.Parse(Json(View([], ("p1", named)))).GetProperty("sets")[0].GetProperty("members").GetInt32(), Is.Zero);

        var other = new AnnouncedMember(Members.Of("other", 2, "sip:10.0.0.20"), 1) { ModRevision = 42 };
        Assert.That(Codes(View([other], ("p1", named with { Serves = [], Sets = named.Sets.Add(2, new SetStatus(1, 1) { Wanted = 1, Serving = 1 }) }))), Is.EqualTo(new[] { "set-without-members" }), "somebody in another set is no help");
    }

    [Test]
    public void Where_somebody_elses_destination_takes_the_calls_the_set_is_served()
    {
        var carried = Leaving("a") with { Sets = Report(0).Sets.SetItem(1, new SetStatus(2, 1) { Wanted = 0, Serving = 0 }) };

        Assert.That(Codes(View([], ("p1", carried))), Is.EqualTo(new[] { "no-members" }), "which is told all the same");
        Assert.That(Codes(View([], ("p1", Leaving("a") with { Contact = new KamailioContact(false, Now, "gone") }))), Is.EqualTo(new[] { "no-members", "kamailio-lost" }), "what it said before is not known");
    }

    [Test]
    public void A_cluster_in_which_nobody_is_announced_is_found_where_a_proxy_runs()
    {
        var empty = Report(0) with { Sets = ImmutableSortedDictionary<int, SetStatus>.Empty };

        Assert.That(Texts(View([], ("p1", empty))), Is.EqualTo(new[] { "nobody is announced: no announcer of this cluster is running, or none reaches etcd; --etcd and --cluster of announcers and dispatchers have to be the same" }));
        Assert.That(Screen(View([], ("p1", empty))), Does.StartWith("No members are announced.\n  next: kamrpc announce beside each SIP server").And.Not.Contain("kamrpc dispatch beside").And.Contain("NOT IN STEP"));
        Assert.That(Codes(View([], ("p1", empty)) with { Rejected = [new RejectedRecord("k", "uri is missing", KeepsLastGood: false)] }), Is.EqualTo(new[] { "rejected" }), "there is somebody, by a record of before perhaps");
    }

    [Test]
    public void In_the_first_hour_it_says_what_to_do_next()
    {
        Assert.That(Screen(View([])), Does.StartWith("No members are announced.\n  next: kamrpc announce beside each SIP server").And.Contain("and kamrpc dispatch beside each Kamailio"));
        Assert.That(Codes(View([])), Is.EqualTo(new[] { "no-proxy" }));
    }

    [Test]
    public void Held_members_that_are_dead_too_leave_the_set_without_anybody_and_are_explained_so()
    {
        var view = View([], ("p1", Holding("IP")));

        Assert.That(Codes(view), Is.EqualTo(new[] { "set-without-destination", "held" }));
        Assert.That(Texts(view).First(), Is.EqualTo("set 1 has no member but 2 held back (PANIC), and no routable destination on p1: every call to it fails there"));
        Assert.That(InOneLine(view), Does.StartWith("SET 1: no members, what went with many others is kept as it was (PANIC), and NOBODY ELSE gets calls on p1"));
        Assert.That(Explained("x", view), Is.EqualTo(new MemberVerdict(
            false, "x gets no calls on p1: it is gone, or not ready any more, with many others, and is kept as it was, without calls: Kamailio has found it dead (IP, for 9s); 'kamrpc confirm' lets it go.")));

        var alive = View([], ("p1", Holding("AP")));
        Assert.That(Codes(alive), Is.EqualTo(new[] { "held" }));
        Assert.That(Explained("x", alive).IsAsItShouldBe, Is.False, "status finds it, and so does this");
        Assert.That(Explained("x", alive).Text, Does.StartWith("x is kept as it was on p1: it is gone, or not ready any more, with many others, and is kept as it was (AP, for 9s)"));
    }

    [TestCase("file:/m.json", "\"state\": \"down\" in the file")]
    [TestCase("kubernetes:voice/asterisk", "the termination of its pod")]
    public void What_lets_a_held_member_go_is_told_as_its_source_has_it(string source, string way)
    {
        var view = View([], ("p1", Holding("AP"))) with { Sources = [new MemberSource(source, null, null)] };

        Assert.That(Explained("x", view).Text, Does.EndWith($"; {way} lets it go."));
        Assert.That(InOneLine(view), Does.Contain($"PANIC: 2 members held back; who is really gone, {way} lets\ngo").And.Not.Contain("kamrpc confirm").And.Not.Contain("expired"));
    }

    [Test]
    public void Where_no_source_has_told_its_members_nobody_says_that_there_are_none()
    {
        var view = new WholeAnswer("c", "p1", [new MemberSource("file:/m.json", Now - TimeSpan.FromSeconds(9), "there is no /m.json")]).ToView();

        Assert.That(InOneLine(view).Replace('\n', ' '), Does.StartWith("Who the members are is not known: file:/m.json has not told its members yet, for 9s: there is no /m.json.").And.Not.Contain("no members"));
        Assert.That(Codes(view), Is.EqualTo(new[] { "report-unreadable", "source-away" }));
        Assert.That(Texts(view).Last(), Is.EqualTo("file:/m.json cannot be read, for 9s; nobody is changed until it has told its members: there is no /m.json"));
        Assert.That(Texts(view).First(), Does.StartWith("proxy p1 does not report: it has not compared its members with Kamailio's list yet"));
    }

    [Test]
    public void A_record_that_a_source_leaves_out_is_not_said_to_be_in_force_as_before()
    {
        var view = new WholeAnswer("c", "p1", [new MemberSource("kubernetes:voice/a", null, null)]) { Membership = new Membership(1, [], [new RejectedRecord("voice/s1", "wrong", false)]) }.ToView();

        Assert.That(InOneLine(view), Does.Contain("REJECTED RECORDS (left out, but for what is said to stay as before)"));
    }

    /// <summary>They are let go by themselves, and 'kamrpc confirm' knows nothing of them.</summary>
    [Test]
    public void Members_whose_leases_ended_while_etcd_was_away_are_not_told_as_a_panic()
    {
        var doubted = Holding("AP");
        doubted = doubted with { Held = [], Deviations = [.. doubted.Deviations.Select(static deviation => deviation with { Reason = DeviationKind.MayBeBack })] };
        var view = View([], ("p1", doubted));

        Assert.That(InOneLine(view), Does.StartWith("SET 1: no members, what went without a word is kept as it was for a moment"));
        Assert.That(Explained("x", view).Text, Does.Contain("went without a word, may be back in a moment").And.Not.Contain("kamrpc confirm"));
        Assert.That(Explained("x", view).IsAsItShouldBe, Is.False);
        Assert.That(Findings(view).Select(static finding => $"{finding.Code}: {finding.Text}"), Is.EqualTo(new[]
        {
            "held: proxy p1 keeps 2 members for a moment: they went without a word, and may be back; whether they live shows within seconds",
        }));
    }

    [Test]
    public void A_set_that_is_asked_for_and_that_nobody_has_is_found_with_those_that_there_are()
    {
        var view = View(Three, ("p1", Report(3)));

        var (findings, screen) = Asked(7, view);
        Assert.That(findings.Select(static finding => (finding.Code, finding.Set, finding.Text)), Is.EqualTo(new[] { ("set-without-members", (int?)7, "set 7 has no member; there is set 1") }));
        Assert.That(screen, Does.StartWith("No members are announced there; there is set 1.\n").And.Contain("NOT IN STEP"));
        Assert.That(Asked(1, view).Findings, Is.Empty);
        Assert.That(Asked(7, View([], ("p1", Report(0) with { Sets = ImmutableSortedDictionary<int, SetStatus>.Empty }))).Findings.Single().Text, Is.EqualTo("set 7 has no member; nobody is announced in any set"));
    }

    [Test]
    public void A_set_that_no_proxy_serves_is_told_so_whatever_its_members_are()
    {
        var down = new AnnouncedMember(Members.Of("other", 2, "sip:10.0.0.20") with { State = MemberState.Down }, 1) { ModRevision = 42 };

        Assert.That(Texts(View([.. Three, down], ("p1", Report(3) with { Serves = [1] }))), Is.EqualTo(new[] { "set 2 has 1 member, and no proxy serves it" }));
        Assert.That(Texts(View([.. Three, down], ("p1", Report(3) with { Serves = [1, 2] }))), Is.EqualTo(new[] { "set 2 has 1 member and no routable destination on p1: every call to it fails there" }));
    }

    [Test]
    public void Where_two_proxies_have_one_name_nobody_knows_what_the_other_one_serves()
    {
        var twin = Report(0) with { Serves = [7], Sets = ImmutableSortedDictionary<int, SetStatus>.Empty.Add(7, new SetStatus(1, 1) { Wanted = 0, Serving = 0 }), Troubles = [new ProxyTrouble(TroubleKind.Name, Now, "another proxy reports under the name p1")] };

        Assert.That(Codes(View(Three, ("p1", twin))), Is.EqualTo(new[] { "calls-not-known", "name-held" }));
        Assert.That(Texts(View(Three, ("p1", twin))).First(), Is.EqualTo("set 1 has 3 members, and no proxy that is seen serves it: whether another one does that reports as p1 too is not known, since one of them is seen at a time"));
    }

    [TestCase("status", "--proxy", "")]
    [TestCase("status", "--proxy", "p1,")]
    public async Task A_proxy_without_a_name_is_refused(params string[] arguments)
    {
        var (exitCode, _, errors) = await Kamrpc.RunAsync(arguments);

        Assert.That((exitCode, errors), Is.EqualTo((2, "kamrpc: --proxy: the name is empty; kamrpc status without it shows the names of those that report\nTry 'kamrpc status --help'.\n")));
    }

    [Test]
    public void Of_many_proxies_that_are_not_known_all_are_counted()
    {
        (string, ProxyStatus?)[] lost = [.. Enumerable.Range(1, 7).Select(static number => ($"p{number}", (ProxyStatus?)(Report(3) with { Contact = new KamailioContact(false, Now.AddSeconds(-12), "gone") })))];

        var lines = Screen(View(Three, [.. lost, ("p8", null)]), layout: new Layout(120, Palette.None)).Split('\n');

        Assert.That(lines.Where(static line => line.StartsWith("  not known on", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "  not known on p1, p2, p3 and 4 more: Kamailio does not answer, for 12s, and the like",
            "  not known on p8: its report cannot be read",
        }));
    }

    [Test]
    public void Times_are_whole_seconds_of_UTC()
    {
        var odd = new DateTimeOffset(2026, 1, 31, 14, 0, 5, 372, TimeSpan.FromHours(2));
        var status = Report(3) with
        {
            AppliedAt = odd,
            WrittenAt = odd,
            Contact = new KamailioContact(true, odd, null),
            Deviations = [Off(DeviationKind.Leaving, "z", "sip:10.0.0.9", 1) with { Since = odd, Until = odd }],
            Troubles = [new ProxyTrouble("memory", odd, "short")],
            Quarantined = [new QuarantinedDestination(1, "sip:z", "no such host", odd)],
        };
        var view = View([Three[0] with { Member = Three[0].Member with { Since = odd } }, .. Three[1..]], ("p1", status));

        var times = Time().Matches(Json(view)).Select(static time => time.Groups[1].Value).ToList();
        Assert.That(times, Has.Count.GreaterThanOrEqualTo(8).And.All.EndsWith("Z").And.Some.EqualTo("2026-01-31T12:00:05Z"));
        Assert.That(times, Has.All.Length.EqualTo("2026-01-31T12:00:05Z".Length));
        Assert.That(YamlText.Of(Json(view)), Does.Contain("appliedAt: \"2026-01-31T12:00:05Z\""));
        var explained = JsonText.Write(json => MemberExplanation.Of("a", Calls(view), new EtcdKeys("c")).Single().Write(json));
        Assert.That(Time().Matches(explained).Select(static time => time.Groups[1].Value), Is.EqualTo(new[] { "2026-01-31T12:00:05Z" }));
    }

    private static string InOneLine(ClusterView view)
    {
        var screen = Screen(view);
        Assert.That(screen.Split('\n'), Has.All.Length.LessThanOrEqualTo(80));
        return screen.Replace("\n  ", " ", StringComparison.Ordinal);
    }

    private static ProxyStatus Leaving(params string[] names) => Report(0) with
    {
        Sets = Report(0).Sets.SetItem(1, new SetStatus(names.Length, 0) { Wanted = 0, Serving = 0 }),
        Deviations = [.. names.Select(static name => Off(DeviationKind.Leaving, name, $"sip:{name}.example.org", 12) with { Flags = "DX", Until = Now.AddSeconds(18) })],
    };

    private static ProxyStatus Holding(string flags) => Report(0) with
    {
        Sets = Report(0).Sets.SetItem(1, new SetStatus(2, flags[0] == 'A' ? 2 : 0) { Wanted = 0, Serving = 0, Held = 2 }),
        Held = [Members.Of("x"), Members.Of("y")],
        Deviations = [.. new[] { "x", "y" }.Select(name => Off(DeviationKind.Held, name, $"sip:{name}.example.org:5060", 9) with { Flags = flags, Reason = "gone, or not ready any more, with many others" })],
    };

    private static (IReadOnlyList<StatusFinding> Findings, string Screen) Asked(int set, ClusterView whole)
    {
        var options = StatusOptions.Default with { Sets = new HashSet<int> { set } };
        var ages = new ReportAges(new FakeTimeProvider(Now));
        ages.Observe(whole);
        var calls = new ClusterCalls(options.Filter(whole), ages, Now, options.Sets);
        var findings = options.Findings(calls);
        return (findings, new StatusScreen(calls, findings, options, Narrow).ToString());
    }

    private static Regex Time() => new("\"(\\d{4}-\\d\\d-\\d\\dT[^\"]*)\"", RegexOptions.CultureInvariant);
}
