using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc status</c> makes of what it read.</summary>
public class StatusTests
{
    private static readonly DateTimeOffset Now = Clusters.Now;

    private static readonly ProxyStatus Fine = Clusters.Report(1) with { Revision = 42 };

    private static readonly ClusterView InStep = new(
        57,
        42,
        [
            new AnnouncedMember(Members.Of("a") with { Weight = 50, Labels = ImmutableSortedDictionary<string, string>.Empty.Add("version", "v2").Add("zone", "a") }, 0x694d) { ModRevision = 42 },
            new AnnouncedMember(Members.Of("b") with { State = MemberState.Draining, Reason = "kernel update", Since = Now.AddMinutes(-3), Priority = 3 }, 0),
        ],
        [],
        [new ReportingProxy("p1", Fine, null)]);

    private static readonly ClusterView Panicking = InStep with
    {
        Rejected = [new RejectedRecord("/kamrpc/c/members/1/c", "uri is missing", KeepsLastGood: false)],
        Proxies =
        [
            new ReportingProxy("p1", Fine with
            {
                Revision = 40,
                Drift = 2,
                IsFromSnapshot = true,
                Held = [Members.Of("x"), Members.Of("y")],
                Quarantined = [new QuarantinedDestination(1, "sip:z", "no such host", Now.AddSeconds(12)), new QuarantinedDestination(1, "sip:w", "", default)],
            }, null),
            new ReportingProxy("p2\u001b[2J", null, "drift is missing"),
        ],
    };

    [Test]
    public void What_needs_a_table_has_one_before_the_verdict()
    {
        var lines = Clusters.Screen(Panicking, layout: new Layout(120, Palette.None)).Split('\n');

        Assert.That(lines, Has.All.Length.LessThanOrEqualTo(120));
        Assert.That(string.Join('\n', lines.SkipWhile(static line => !line.StartsWith("PANIC", StringComparison.Ordinal)).TakeWhile(static line => line != "NOT IN STEP")), Is.EqualTo("""
            PANIC: 2 members held back; who is really gone, 'kamrpc confirm' lets go
              SET  NAME  URI                     PROXY
              1    x     sip:x.example.org:5060  p1
              1    y     sip:y.example.org:5060  p1

            QUARANTINED: 2 destinations that cannot be put into Kamailio
              SET  URI    PROXY  NEXT TRY  REASON
              1    sip:z  p1     in 12s    no such host
              1    sip:w  p1     -         -

            REJECTED RECORDS (an earlier one that could be used stays in force where a dispatcher knows it)
              KEY                    REASON
              /kamrpc/c/members/1/c  uri is missing

            """));
        Assert.That(lines.SkipWhile(static line => line != "NOT IN STEP").Skip(1).Select(static line => line.Trim()).Where(static line => line.Length > 0), Is.EqualTo(Clusters.Texts(Panicking)));
    }

    [Test]
    public void A_proxy_that_has_seen_more_than_members_is_not_behind() =>
        Assert.That(InStep.Behind(Fine with { Revision = 50 }), Is.Zero);

    [Test]
    public void The_JSON_has_every_field_whatever_there_is_to_say()
    {
        var status = JsonElement.Parse(Clusters.Json(Panicking));

        Assert.Multiple(() =>
        {
            Assert.That(Names(status), Is.EqualTo("cluster revision memberRevision intentRevision memberRecords inStep findings problems sets members claims shares sharedCalls rejected intents proxyIntents rejectedIntents intentsRefused sources proxies"));
            Assert.That(status.GetProperty("inStep").GetBoolean(), Is.False);
            foreach (var member in status.GetProperty("members").EnumerateArray())
            {
                Assert.That(Names(member), Is.EqualTo("set name uri state reason since weight slowStartSeconds countsCalls priority attrs labels lease calls drainedByOperator weightByOperator callsUp"));
            }

            Assert.That(status.GetProperty("members").EnumerateArray().Select(static member => member.GetProperty("lease").GetString()), Is.EqualTo(new[] { "000000000000694d", null }));
            Assert.That(Names(status.GetProperty("rejected")[0]), Is.EqualTo("key reason"));
            var proxies = status.GetProperty("proxies");
            Assert.That(proxies[1].GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""), Is.EqualTo("""{"name":"p2\u001B[2J","unreadable":"driftismissing","report":null}"""));
            var report = proxies[0].GetProperty("report");
            Assert.That(Names(report), Is.EqualTo("kamailio revision behind drift appliedAt fromSnapshot sets grace held quarantined silenced superseded moreSuperseded applies trouble version writtenAt ageSeconds stale clockOffsetSeconds contact loop follows recordsGone recordsMissing deviations moreDeviations moreHeld moreQuarantined moreSets serves intentsRevision intentsSilenced drained zone starting moreStarting unshared moreUnshared sources moreSources share counts counted moreCounted list drainedByOperator"));
            Assert.That(Names(report.GetProperty("sets")[0]), Is.EqualTo("set destinations routable wanted serving full drift held refused zone"));
            Assert.That(Names(report.GetProperty("grace")), Is.EqualTo("mode count p50Ms p99Ms maxMs timeouts"));
            Assert.That(Names(report.GetProperty("held")[0]), Is.EqualTo("set name uri"));
            Assert.That(Names(report.GetProperty("quarantined")[0]), Is.EqualTo("set uri reason retryAt"));
            Assert.That(report.GetProperty("behind").GetInt64(), Is.EqualTo(2));
        });
    }

    [Test]
    public void Trouble_at_a_proxy_is_not_in_step_and_stands_whole_on_the_screen_and_in_the_JSON()
    {
        var text = "shared memory is short: 3 MB of 64 are free; start Kamailio with -m 256. Only states are changed until there is more";
        var troubled = InStep with
        {
            Proxies = [new ReportingProxy("p1", Fine with { Silenced = 41, Applies = ["members"], Troubles = [new ProxyTrouble("memory", Now.AddMinutes(-3), text), new ProxyTrouble("new\u001b[2J", Now, "?")] }, null)],
        };
        var screen = Clusters.Screen(troubled);
        var report = JsonElement.Parse(Clusters.Json(troubled)).GetProperty("proxies")[0].GetProperty("report");

        Assert.Multiple(() =>
        {
            Assert.That(screen.Replace("\n  ", " ", StringComparison.Ordinal), Does.Contain($"proxy p1: memory: {text}"));
            Assert.That(screen.Split('\n'), Has.All.Length.LessThanOrEqualTo(80));
            Assert.That(Clusters.Texts(troubled), Is.EqualTo(new[] { $"proxy p1: memory: {text}", @"proxy p1: new\u001b[2J: ?" }));
            Assert.That(report.GetProperty("silenced").GetInt64(), Is.EqualTo(41));
            Assert.That(report.GetProperty("applies")[0].GetString(), Is.EqualTo("members"));
            Assert.That(report.GetProperty("trouble")[0].GetProperty("text").GetString(), Is.EqualTo(text));
            Assert.That(Names(report.GetProperty("trouble")[0]), Is.EqualTo("kind since text sets"));
        });
    }

    [Test]
    public void Several_names_for_one_address_are_a_finding()
    {
        var claimed = InStep with
        {
            Members =
            [
                new AnnouncedMember(Members.Of("ok", uri: "sip:10.0.0.1") with { CreatedRevision = 5 }, 1),
                new AnnouncedMember(Members.Of("zz", uri: "sip:10.0.0.1:5060") with { CreatedRevision = 9, State = MemberState.Draining }, 2),
                new AnnouncedMember(Members.Of("elsewhere", set: 2, uri: "sip:10.0.0.1") with { CreatedRevision = 9 }, 2),
            ],
        };

        Assert.That(Clusters.Texts(claimed), Has.Some.EqualTo("set 1: ok has the address of zz too, and is followed"));
        Assert.That(Clusters.Screen(claimed), Does.Contain("""
            SEVERAL NAMES FOR ONE ADDRESS (one is followed; -o json has them all)
              SET  URI           FOLLOWED    LEFT OUT
              1    sip:10.0.0.1  ok (ready)  zz (draining)

            """));
        var claim = JsonElement.Parse(Clusters.Json(claimed)).GetProperty("claims").EnumerateArray().Single();
        Assert.That(claim.GetRawText().Replace(" ", "", StringComparison.Ordinal).ReplaceLineEndings(""), Is.EqualTo("""{"set":1,"uri":"sip:10.0.0.1","followed":"ok","leftOut":["zz"]}"""));
    }

    [Test]
    public void Who_is_followed_of_two_ready_ones_a_proxy_knows_since_Kamailio_may_refuse_one()
    {
        var (first, second) = (Members.Of("first", uri: "sip:10.0.0.1") with { CreatedRevision = 5 }, Members.Of("second", uri: "sip:10.0.0.1") with { CreatedRevision = 9 });
        var claimed = InStep with
        {
            Members = [new AnnouncedMember(first, 1), new AnnouncedMember(second, 2)],
            Proxies = [new ReportingProxy("p1", Fine with { Superseded = [new SupersededMember(second.Key, first.Key, IsServed: true)] }, null)],
        };

        Assert.That(Clusters.Texts(claimed), Has.Some.EqualTo("set 1: first has the address of second too, and is followed"));
        Assert.That(Clusters.Texts(claimed with { Proxies = InStep.Proxies }), Has.Some.EqualTo("set 1: second has the address of first too, and is followed"));
    }

    [Test]
    public void Attributes_stand_in_the_table_as_Kamailio_has_them_and_in_the_JSON_as_they_were_announced()
    {
        var proxied = InStep with { Members = [new AnnouncedMember(Members.Of("a") with { Attributes = ImmutableSortedDictionary<string, string>.Empty.Add("obproxy", "sip:10.0.0.1;lr") }, 1)] };

        Assert.That(Clusters.Screen(proxied, StatusOptions.Default with { IsVerbose = true }, new Layout(120, Palette.None)), Does.Contain("  obproxy=\"sip:10.0.0.1;lr\"  "));
        Assert.That(JsonElement.Parse(Clusters.Json(proxied)).GetProperty("members")[0].GetProperty("attrs").GetProperty("obproxy").GetString(), Is.EqualTo("sip:10.0.0.1;lr"));
    }

    private static string Names(JsonElement of) => string.Join(' ', of.EnumerateObject().Select(static field => field.Name));
}
