using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>A proxy takes a set's members from elsewhere than etcd: what etcd has of that set is not said to be in force there, and what is in force there is told as far as it reports.</summary>
public class StatusElsewhereTests
{
    private const string Source = "set 2 of p1 comes from file:/x/members.json";
    private const string Not = "by its record in etcd, which no proxy follows: " + Source;

    private static readonly AnnouncedMember Own = Ready("a", "sip:10.0.0.1");
    private static readonly AnnouncedMember Stranger = Own with { Member = Members.Of("f1", set: 2, uri: "sip:10.0.0.9") };

    [Test]
    public void A_member_that_no_proxy_takes_from_etcd_gets_no_calls_by_that()
    {
        var view = View([Own, Stranger], ("p1", Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 })));

        var verdict = Explained("f1", view);
        Assert.That((verdict.IsAsItShouldBe, verdict.Text), Is.EqualTo((false, $"f1 gets no calls {Not}; 'kamrpc status' and 'kamrpc explain' on its host, without --etcd, name its members.")));
        Assert.That(Texts(view), Is.EqualTo(new[] { $"set 2 has 1 member in etcd, and no proxy takes it from there: {Source}" }));
        Assert.That(Screen(view, layout: new(200, Palette.None)), Does.Contain("SET 2: NOT KNOWN").And.Contain("on no proxy"));
    }

    [Test]
    public void Another_proxy_that_takes_it_from_etcd_has_it_all_the_same()
    {
        var both = Report(1) with { Sets = Report(1).Sets.Add(2, new SetStatus(1, 1) { Wanted = 1, Serving = 1 }) };
        var view = View([Own, Stranger], ("p1", Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 })), ("p2", both));

        Assert.That(Explained("f1", view).Text, Is.EqualTo("f1 gets calls on p2."));
        Assert.That(Texts(view), Is.Empty);
    }

    [Test]
    public void How_its_own_members_stand_is_told_by_its_report()
    {
        var fine = View([Own], ("p1", Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 })));
        Assert.That(Texts(fine), Is.Empty);
        Assert.That(Screen(fine, layout: new(300, Palette.None)), Does.Contain($"{Source}: 2 of 2 ready members get calls; 'kamrpc status' and 'kamrpc explain' on its host, without --etcd, name its members"));

        var one = Mixed(new SetStatus(2, 1) { Wanted = 2, Serving = 1 }) with { Deviations = [new Deviation(DeviationKind.Inactive, 2, "f2", "sip:10.0.0.8", Now.AddSeconds(-5)) { Flags = "IP" }] };
        Assert.That(Texts(View([Own], ("p1", one))), Has.Exactly(2).Items.And.Some.StartsWith($"{Source}, and 1 of 2 ready members without calls there").And.Some.StartsWith("set 2: f2 is ready and gets no calls on p1: it "));
        Assert.That(Calls(View([Own], ("p1", one))).Sets.Select(static set => set.Set), Is.EqualTo(new[] { 1 }), "f2 has not left");

        var nobody = View([Own], ("p1", Mixed(new SetStatus(2, 0) { Wanted = 2, Serving = 0 })));
        Assert.That((Codes(nobody).Single(), Texts(nobody).Single()), Is.EqualTo(("set-without-destination", $"{Source}, and has 2 ready members and no routable destination: every call to it fails there")));
    }

    [Test]
    public void A_source_that_cannot_be_read_is_told_by_the_report_of_whoever_reads_it()
    {
        var fine = Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 });
        var view = View([Own], ("p1", fine with { Sources = [fine.Sources[0], fine.Sources[1] with { AwaySince = Now.AddSeconds(-8), Reason = "4:7: ']' is missing" }] }), ("p2", fine));

        Assert.That((Codes(view).Single(), Texts(view).Single()), Is.EqualTo(("source-away", "proxy p1: file:/x/members.json cannot be read, for 8s; its members stay as they were: 4:7: ']' is missing")));
    }

    [Test]
    public void That_nobody_is_announced_is_no_fault_where_all_come_from_elsewhere()
    {
        var view = View([], ("p1", Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 }) with { Sets = Report(1).Sets.Remove(1).Add(2, new SetStatus(2, 2) { Wanted = 2, Serving = 2 }) }));

        Assert.That(Texts(view), Is.Empty);
    }

    [Test]
    public void Programs_read_where_sets_come_from()
    {
        var json = JsonElement.Parse(Json(View([Own], ("p1", Mixed(new SetStatus(2, 2) { Wanted = 2, Serving = 2 })))));

        var sources = json.GetProperty("proxies")[0].GetProperty("report").GetProperty("sources");
        Assert.That(sources.GetRawText().Replace(" ", string.Empty, StringComparison.Ordinal).ReplaceLineEndings(string.Empty), Is.EqualTo("""[{"source":"etcd","sets":[1],"moreSets":0,"awaySince":null,"reason":null},{"source":"file:/x/members.json","sets":[2],"moreSets":0,"awaySince":null,"reason":null}]"""));
    }

    private static ProxyStatus Mixed(SetStatus second) => Report(1) with
    {
        Sets = Report(1).Sets.Add(2, second), Sources = [new ReportedSource(ReportedSource.Etcd, [1]), new ReportedSource("file:/x/members.json", [2])],
    };
}
