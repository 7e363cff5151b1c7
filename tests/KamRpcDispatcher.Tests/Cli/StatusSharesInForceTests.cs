using System.Text.Json;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Slow starts and preferred zones, by what <c>kamrpc status</c> and <c>kamrpc explain</c> say of them.</summary>
public class StatusSharesInForceTests
{
    private static readonly AnnouncedMember[] Two = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2")];

    [Test]
    public void A_member_that_starts_slowly_is_shown_with_its_share_and_is_no_finding()
    {
        var view = View(Two, ("p1", Starting(30)), ("p2", Report(2)));

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.Contain("b sip:10.0.0.2 CALLS ready for 3m; on p1: starts slowly, with 30 % of its share"));
        Assert.That(InOneLine(Screen(View(Two, ("p1", Starting(30)), ("p2", Starting(30))))), Does.Contain("ready for 3m; starts slowly, with 30 % of its share"));
        Assert.That(Explained("b", view).Text, Is.EqualTo("b gets calls on p1, p2, and starts slowly, with 30 % of its share on p1."));
        Assert.That(Explained("a", view).Text, Is.EqualTo("a gets calls on p1, p2."));

        var report = JsonElement.Parse(Json(view)).GetProperty("proxies")[0].GetProperty("report");
        Assert.That(report.GetProperty("starting").ToString(), Does.Match("\"set\": *1,\\s*\"name\": *\"b\",\\s*\"share\": *30"));
    }

    [Test]
    public void What_zone_a_proxy_prefers_and_whether_others_serve_too_stands_below_the_set()
    {
        var view = View(Two, ("p1", InZone("a", ZoneUse.Own)), ("p2", InZone("b", ZoneUse.All)), ("p3", InZone("c", ZoneUse.Absent)), ("p4", InZone("a", ZoneUse.Partly)));

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.Contain("on p1: calls go to zone a alone on p2: calls go to EVERY ZONE, since too few members of zone b get calls on p3: calls go to every zone, since nobody of zone c is announced on p4: calls go to zone a alone, but for values of the split that nobody of it has"));
        var reports = JsonElement.Parse(Json(view)).GetProperty("proxies").EnumerateArray().Select(static proxy => proxy.GetProperty("report")).ToList();
        Assert.That(reports.Select(static report => (report.GetProperty("zone").GetString(), report.GetProperty("sets")[0].GetProperty("zone").GetString())), Is.EqualTo(new[] { ("a", "own"), ("b", "all"), ("c", "absent"), ("a", "partly") }));
    }

    [Test]
    public void Whoever_is_of_another_zone_than_the_one_that_serves_is_said_to_get_what_fails_over()
    {
        AnnouncedMember[] two = [Two[0] with { Member = Two[0].Member with { Labels = Two[0].Member.Labels.SetItem("zone", "a") } }, Two[1]];
        var view = View(two, ("p1", InZone("a", ZoneUse.Own)), ("p2", Report(2)));

        Assert.That(Findings(view), Is.Empty);
        Assert.That(InOneLine(Screen(view)), Does.Contain("b sip:10.0.0.2 CALLS ready for 3m; on p1: gets only what fails over, since it is not of zone a, whose members have the calls there").And.Not.Contain("not of zone a, whose members have the calls there a "));
        Assert.That(InOneLine(Screen(View(two, ("p1", InZone("a", ZoneUse.All)), ("p2", Report(2))))), Does.Not.Contain("fails over"));
        Assert.That(Explained("b", view).Text, Is.EqualTo("b gets calls on p2; on p1 it gets only what fails over, since it is not of zone a, whose members have the calls there."));

        view = View(two, ("p1", InZone("a", ZoneUse.Own)), ("p2", InZone("a", ZoneUse.Own)));
        Assert.That(InOneLine(Screen(view)), Does.Contain("SET 1: 1 of 2 gets calls, 1 only what fails over").And.Contain("b sip:10.0.0.2 FAIL-OVER ready for 3m; gets only what fails over, since it is not of zone a"));
        Assert.That(Findings(view), Is.Empty);
        Assert.That(Explained("b", view), Is.EqualTo(new MemberVerdict(true, "b gets no calls of its own: on p1, p2 it gets only what fails over, since it is not of zone a, whose members have the calls there.")));
        var json = JsonElement.Parse(Json(view));
        Assert.That((json.GetProperty("sets")[0].GetProperty("failOverOnly").GetInt32(), json.GetProperty("members")[1].GetProperty("calls").GetString()), Is.EqualTo((1, "failover")));
    }

    [Test]
    public void Whoever_has_no_slot_since_the_percentages_of_others_are_too_many_is_not_said_to_get_calls()
    {
        var view = View(Two, ("p1", Report(2) with { Unshared = [new UnsharedMember(new MemberKey(1, "b"), FailOverOnly.Percentages)] }));

        Assert.That(InOneLine(Screen(view)), Does.Contain("SET 1: 1 of 2 gets calls, 1 only what fails over").And.Contain("b sip:10.0.0.2 FAIL-OVER ready for 3m; gets only what fails over, since the percentages of others take all calls (--share percent)"));
        Assert.That(Explained("b", view), Is.EqualTo(new MemberVerdict(false, "b gets no calls of its own on p1: it gets only what fails over, since the percentages of others take all calls (--share percent).")));
        Assert.That(JsonElement.Parse(Json(view)).GetProperty("proxies")[0].GetProperty("report").GetProperty("unshared")[0].GetProperty("why").GetString(), Is.EqualTo("percentages"));

        // There was no room for all of them: whether a is one nobody knows.
        view = View(Two, ("p1", Report(2) with { Unshared = [new UnsharedMember(new MemberKey(1, "b"), FailOverOnly.Percentages)], MoreUnshared = 1 }));
        Assert.That(InOneLine(Screen(view)), Does.Contain("a sip:10.0.0.1 NOT KNOWN"));
    }

    [Test]
    public void One_that_starts_slowly_while_nobody_else_gets_calls_has_all_of_them_and_that_is_said()
    {
        var view = View(Two, ("p1", Starting(40) is var report ? report with { Sets = report.Sets.SetItem(1, new SetStatus(2, 1) { Wanted = 2, Serving = 1 }), Deviations = [new Deviation(DeviationKind.Inactive, 1, "a", "sip:10.0.0.1", DateTimeOffset.UnixEpoch)] } : null!));

        Assert.That(Explained("b", view).Text, Is.EqualTo("b gets calls on p1, and starts slowly, with 40 % of its share, and all calls, since nobody else gets any."));
        Assert.That(InOneLine(Screen(view)), Does.Contain("starts slowly, with 40 % of its share, and all calls, since nobody else gets any"));
    }

    [TestCase("v2;weight=10", "v2, weight 10")]
    [TestCase("*", "no weight")]
    [TestCase("*;weight=10", "weight 10")]
    [TestCase("*;start=1;zone=own", "no weight, starting slowly (1), its zone")]
    [TestCase("v2;zone=other", "v2, other zones")]
    public void A_class_is_named_by_all_that_makes_it(string text, string name) => Assert.That(SharedCalls.Name(text), Is.EqualTo(name));

    [Test]
    public void A_sum_is_of_the_calls_of_those_proxies_that_have_the_class()
    {
        var view = View(Two, ("p1", Counted(("*", 75), ("*;weight=20", 25))), ("p2", Counted(("*;zone=own", 150), ("*;weight=20", 40), (string.Empty, 10))), ("p3", Counted(("*;zone=own", 100))));
        var shared = new SharedCalls(Calls(view).Proxies, Now);

        Assert.That(
            shared.Rows.Where(static row => row.Proxy is null).Select(static row => (row.Of.Class, row.Of.Calls, Math.Round(row.Measured!.Value, 1))),
            Is.EquivalentTo(new[] { ("*;weight=20", (long?)65, 21.7), ("*;zone=own", (long?)250, 83.3), (string.Empty, (long?)10, 2.5) }),
            "65 of 300, 250 of 300, 10 of all 400; 'no weight' is of p1 alone");
        Assert.That(shared.Rows.Single(static row => row is { Proxy: "p1", Of.Class: "*" }).Measured, Is.EqualTo(75));
    }

    private static ProxyStatus Counted(params (string Class, long Calls)[] classes) => Report(2) with
    {
        Shares = new ShareReport("map") { IsCounted = true, Classes = [.. classes.Select(static one => new SharedClass(1, one.Class, 500) { Calls = one.Calls, Since = Now.AddMinutes(-5), Until = Now })] },
    };

    private static ProxyStatus Starting(int share) => Report(2) with { Starting = [new StartingMember(new MemberKey(1, "b"), share)] };

    private static ProxyStatus InZone(string zone, ZoneUse use) => Report(2) is var report ? report with { Zone = zone, Sets = report.Sets.SetItem(1, report.Sets[1] with { Zone = use }) } : null!;

    private static string InOneLine(string text) => string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
