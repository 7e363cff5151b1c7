using System.Collections.Immutable;
using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Health;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using NUnit.Framework;

using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What is a reason for a VIP to leave, and what is none.</summary>
public class HealthJudgeTests
{
    private static readonly HealthJudge Judge = new("edge-1", sets: null, Now);

    private static readonly ProxyStatus Fine = Report(2) with { Intent = new ProxyIntent(57, IsDrained: false) };

    [Test]
    public void One_that_is_in_step_and_has_somebody_in_each_set_is_healthy() =>
        Assert.That(Told(Fine), Is.EqualTo(("healthy", "Kamailio answers, is in step, and has somebody to route to in set 1; seen 1s ago")));

    [Test]
    public void Without_members_there_is_nobody_to_miss() => Assert.That(Told(Fine with { Sets = ImmutableSortedDictionary<int, SetStatus>.Empty }).Text, Does.Contain("and no set has members"));

    [Test]
    public void A_drained_proxy_is_not_whatever_else_is_so()
    {
        var drained = Fine with { Intent = new ProxyIntent(57, IsDrained: true) { By = "ops@h1", At = Now.AddMinutes(-2), Reason = "new\u001bdisk" }, Contact = new KamailioContact(false, Now, "gone") };

        Assert.That(Told(drained), Is.EqualTo(("drained", "ops@h1 drained this proxy 2m ago (new\\u001bdisk); 'kamrpc proxy resume edge-1' takes it back, with --force where it is somebody else's")));
    }

    [Test]
    public void A_Kamailio_that_does_not_answer_is_told_with_how_long_and_why() => Assert.That(
        Told(Fine with { Contact = new KamailioContact(false, Now.AddSeconds(-5), "no such socket") }), Is.EqualTo(("kamailio-lost", "Kamailio does not answer, for 5s (no such socket)")));

    [TestCase(2, "nobody to route to in set 7: calls to it fail")]
    [TestCase(0, "nobody to route to in set 7: calls to it fail", Description = "everybody has left it, is down or drained")]
    public void A_set_without_anybody_to_route_to_is_named(int wanted, string text) => Assert.That(
        Told(Fine with { Sets = Fine.Sets.Add(7, new SetStatus(2, 0) { Wanted = wanted, Serving = 0 }) }), Is.EqualTo(("set-without-destination", text)));

    [Test]
    public void Sets_that_are_not_served_or_not_asked_for_do_not_count()
    {
        Assert.That(Told(Fine with { Sets = Fine.Sets.Add(7, new SetStatus(2, 0)) }).Reason, Is.EqualTo("healthy"), "--set of the dispatcher does not name it");

        var report = Fine with { Sets = Fine.Sets.Add(7, new SetStatus(2, 0) { Wanted = 2, Serving = 0 }) };
        Assert.That(new HealthJudge("edge-1", new HashSet<int> { 1 }, Now).OfDispatcher(Answer(report))!.IsHealthy, Is.True);
    }

    [Test]
    public void A_dispatcher_that_says_itself_that_it_hangs_is_believed() => Assert.That(
        Told(Fine with { Loop = new LoopStatus(LoopStep.Call, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(3)) }),
        Is.EqualTo(("dispatcher-hangs", "the dispatcher hangs, so that nothing is followed (waits for a reply from Kamailio, for 40s of 3s at most)")));

    [TestCase(9, "healthy")]
    [TestCase(10, "not-in-step")]
    public void Changes_of_state_that_Kamailio_does_not_take_are_a_reason_after_a_while(int seconds, string reason) =>
        Assert.That(Judge.OfDispatcher(Answer(Fine) with { Owed = 2, OwedFor = TimeSpan.FromSeconds(seconds) })!.Reason, Is.EqualTo(reason));

    /// <summary>All proxies have these at once, as a rule, and calls go well.</summary>
    [Test]
    public void What_would_take_all_VIPs_away_at_once_while_calls_go_well_is_no_reason()
    {
        Assert.That(Told(Fine with { Drift = 5, Quarantined = [new QuarantinedDestination(1, "sip:x", "no", Now)], Troubles = [new ProxyTrouble(TroubleKind.Memory, Now, "short"), new ProxyTrouble(TroubleKind.Foreign, Now, "names")] }).Reason, Is.EqualTo("healthy"));
        Assert.That(Told(Fine with { Sets = Fine.Sets.SetItem(1, new SetStatus(2, 1) { Wanted = 2, Serving = 1 }) }).Reason, Is.EqualTo("healthy"), "less than half");

        var away = Judge.OfDispatcher(Answer(Fine with { IsFromSnapshot = true }) with { EtcdAwaySince = Now.AddMinutes(-5), EtcdReason = "no route" })!;
        Assert.That(away.IsHealthy, Is.True);
        Assert.That(away.Text, Does.EndWith("; etcd cannot be followed for 5m (no route), so it goes by what it held then; by the saved membership"));

        var unread = Judge.OfDispatcher(Answer(Fine with { Sources = [new ReportedSource("file:/x", []) { AwaySince = Now.AddSeconds(-8), Reason = "no such file" }] }))!;
        Assert.That((unread.IsHealthy, unread.Text), Is.EqualTo((true, "Kamailio answers, is in step, and has somebody to route to in set 1; seen 1s ago; file:/x cannot be read, for 8s; its members stay as they were: no such file")));
        Assert.That(JsonElement.Parse(unread.ToJson()).GetProperty("sourcesAway").GetRawText().Replace(" ", string.Empty, StringComparison.Ordinal).ReplaceLineEndings(string.Empty), Is.EqualTo($$"""[{"source":"file:/x","since":"{{Now.AddSeconds(-8):yyyy-MM-ddTHH:mm:ssZ}}","reason":"nosuchfile"}]"""));
    }

    [Test]
    public void Who_knows_nothing_yet_says_nothing()
    {
        Assert.That(Judge.OfDispatcher(new StatusAnswer("c", "edge-1", null, TimeSpan.Zero)), Is.Null);
        Assert.That(Judge.OfDispatcher(Answer(Fine with { Contact = null })), Is.Null);
        Assert.That(Judge.OfDispatcher(Answer(Fine with { Kamailio = string.Empty, Sets = ImmutableSortedDictionary<int, SetStatus>.Empty })), Is.Null);
    }

    [Test]
    public void Without_a_dispatcher_Kamailios_list_decides_by_the_sets_that_have_something_of_the_clusters()
    {
        var listing = Listing(Entry(1, "duid=a;kamrpc=c"), Entry(1, "duid=b;kamrpc=c", DestinationState.Inactive), Entry(2, string.Empty, DestinationState.Inactive), Entry(3, "duid=x;kamrpc=other", DestinationState.Disabled), Entry(2_000_000_000, "duid=kamrpc-sentinel;kamrpc=c", DestinationState.Disabled));

        var healthy = Judge.OfKamailio(listing, "it was stopped", null, null);
        Assert.That((healthy.Reason, healthy.Text), Is.EqualTo(("healthy", "Kamailio answers, and has somebody to route to in set 1; seen now, by Kamailio's list alone, which nobody keeps in step: it was stopped")));
        Assert.That(healthy.Sets, Is.EqualTo(new[] { KeyValuePair.Create(1, 1) }));
        Assert.That(new HealthJudge("edge-1", new HashSet<int> { 1, 9 }, Now).OfKamailio(listing, "x", null, null).Text, Does.StartWith("nobody to route to in set 9"));
        Assert.That(Judge.OfKamailio(Listing(), "x", null, null).Text, Does.StartWith("nothing of cluster c is in Kamailio's list"));
        Assert.That(Judge.OfKamailio(listing, "x", new HealthDrain("ops@h1", null, null), null).Text, Does.StartWith("ops@h1 drained this proxy; 'kamrpc"));
        Assert.That(Judge.OfKamailio(listing, "x", null, "etcd does not answer"), Has.Property("IsHealthy").True.And.Property("Text").EndsWith("; whether an operator has drained it is not known: etcd does not answer"));
    }

    [Test]
    public void Programs_get_every_field()
    {
        var drained = Judge.OfDispatcher(Answer(Fine with { Intent = new ProxyIntent(57, IsDrained: true) { By = "ops@h1", At = Now } }))!;
        Assert.That(drained.ToString(), Does.StartWith("NOT healthy: ops@h1 drained").And.EndWith("\n"));

        var json = JsonElement.Parse(drained.ToJson());
        Assert.That((json.GetProperty("healthy").GetBoolean(), json.GetProperty("reason").GetString(), json.GetProperty("by").GetString(), json.GetProperty("ageSeconds").GetDouble()), Is.EqualTo((false, "drained", "dispatcher", 1.5)));
        Assert.That(json.GetProperty("drainedByOperator").GetProperty("at").GetString(), Is.EqualTo("2026-01-31T12:00:00Z"));
        Assert.That((json.GetProperty("sets")[0].GetProperty("routable").GetInt32(), json.GetProperty("etcdAwaySince").ValueKind, json.GetProperty("proxy").GetString()), Is.EqualTo((2, JsonValueKind.Null, "edge-1")));
    }

    private static (string Reason, string Text) Told(ProxyStatus report) => Judge.OfDispatcher(Answer(report)) is { } verdict ? (verdict.Reason, verdict.Text) : throw new InvalidOperationException("it does not know");

    private static StatusAnswer Answer(ProxyStatus report) => new("c", "edge-1", report, TimeSpan.FromSeconds(1.5));

    private static DispatcherDestination Entry(int set, string attributes, DestinationState state = DestinationState.Active) => new() { Set = set, Uri = "sip:10.0.0.1", State = state, Attributes = attributes };

    private static KamailioListing Listing(params DispatcherDestination[] entries) =>
        new(KamailioAddress.Parse("jsonrpc+unix:/run/kamailio/kamailio_rpc.sock"), new KamailioVersion(5, 6), "c", entries, []);
}
