using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Members that operators have drained, by what <c>kamrpc doctor</c> says of them.</summary>
internal sealed class IntentsCheckTests
{
    private static readonly Member A = Members.Of("a", uri: "sip:10.0.0.1");
    private static readonly Member B = Members.Of("b", uri: "sip:10.0.0.2");

    [Test]
    public void Who_is_drained_is_told_and_is_well()
    {
        AssertFinding(IntentsCheck.Of(Healthy.Etcd), Severity.Ok, "no member is drained by an operator", null);
        AssertFinding(IntentsCheck.Of(Drained([A, B], "a")), Severity.Ok, "1 member drained by an operator: 1/a (ops@h1)", null);
        var ofProxy = new Dictionary<string, Intent> { ["p2"] = new(default(MemberKey)) { IsDrained = true, By = "ops@h1" }, ["p3"] = new(default(MemberKey)) };
        AssertFinding(IntentsCheck.Of(Healthy.Etcd with { ProxyIntents = ofProxy }), Severity.Ok, "no member is drained by an operator; drained by an operator, so that kamrpc health fails there, is proxy p2 (ops@h1)", null);
    }

    [Test]
    public void What_may_not_be_read_is_not_known_and_what_cannot_be_used_is_named()
    {
        var refused = IntentsCheck.Of(Healthy.Etcd with { IntentsRefused = "permission denied" });
        AssertFinding(refused, Severity.Unknown, "not known who is drained (permission denied)", "a user with the role status");
        Assert.That(refused.IsProblem);

        var rejected = Healthy.Etcd with { RejectedIntents = [new RejectedRecord("/kamrpc/default/intents/1/a", "not JSON", false)] };
        AssertFinding(IntentsCheck.Of(rejected), Severity.Warning, "1 record of operators' wishes cannot be used: /kamrpc/default/intents/1/a (not JSON)", "kamrpc drain");
        Assert.That(IntentsCheck.Of(Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Not(new Trouble("no", Causes.Etcd)) }).Because, Is.EqualTo("etcd.reachable"));
    }

    [Test]
    public void A_drained_member_without_calls_is_well_where_others_get_theirs_and_nobody_left_is_told_as_that()
    {
        AssertFinding(RoutableCheck.Of(Listing(Listed(A, DestinationState.Disabled), Listed(B)), Drained([A, B], "a")), Severity.Ok, "1 of 2 members in set 1", null);
        AssertFinding(
            RoutableCheck.Of(Listing(Listed(A, DestinationState.Disabled), Listed(B, DestinationState.Disabled)), Drained([A, B], "a", "b")),
            Severity.Error, "set 1: none of 2 members gets calls (2 drained by an operator)", "kamrpc resume NAME takes a drain back, with --force one of somebody else's; kamrpc status says whose it is, and why");
        Assert.That(RoutableCheck.Of(Listing(Listed(A, DestinationState.Disabled)), Drained([A], "a")).Text, Does.Not.Contain("announced"));
    }

    [Test]
    public void A_drained_member_that_gets_calls_is_an_error() =>
        AssertFinding(RoutableCheck.Of(Listing(Listed(A), Listed(B)), Drained([A, B], "a")), Severity.Error, "set 1: 1 of 2 members to get no calls, and gets them", "the kamrpc dispatch at work here");

    [Test]
    public void A_dispatcher_that_follows_no_intents_is_told_here_and_elsewhere_where_somebody_wishes_something()
    {
        const string Text = "it follows no intents (an older kamrpc, or its etcd role may not read them)";
        AssertFinding(Reports(Healthy.Proxy, "a"), Severity.Warning, "p1: " + Text, "kamrpc status");
        AssertFinding(Reports(Healthy.Proxy with { Serves = [2] }, "a"), Severity.Ok, "no trouble", null);
        AssertFinding(Reports(Healthy.Proxy with { Applies = ["members", "intents"], Intents = new IntentsProgress(0, 0) }, "a"), Severity.Ok, "no trouble", null);
        AssertFinding(Reports(Healthy.Proxy), Severity.Ok, "no trouble", null);
    }

    [Test]
    public void A_proxy_that_is_behind_with_intents_is_told()
    {
        ClusterView View(long revision, ProxyStatus status) => new(60, 5, [], [], [new ReportingProxy("p2", status, null)]) { IntentRevision = revision };
        var following = Healthy.Proxy with { Applies = ["members", "intents"], Intents = new IntentsProgress(50, 50) };
        var behind = View(57, following);
        var lags = ProxyLag.In(behind);

        Assert.That(lags["p2"], Is.EqualTo(new ProxyLag(0, 0, 0) { BehindIntents = 7 }));
        Assert.That(ProxyLag.Lasting(lags, behind, View(60, following with { Intents = new IntentsProgress(57, 57) })), Is.Empty, "there is something new by now");
        Assert.That(ProxyLag.Lasting(lags, behind, View(60, following with { Intents = new IntentsProgress(52, 52) })).Values, Is.EqualTo(new[] { new ProxyLag(0, 0, 0) { BehindIntents = 5 } }));
        Assert.That(ProxyLag.In(View(57, Healthy.Proxy)), Is.Empty, "it follows none");

        var etcd = Healthy.Etcd with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy("p2", following, null)]), Lags = lags };
        AssertFinding(ReportsCheck.Of(Healthy.Kamailio, etcd), Severity.Warning, "p2: it is 7 revisions behind the newest intent of an operator's, for 4 s or longer", "kamrpc status");
    }

    private static Finding Reports(ProxyStatus status, params string[] drained) =>
        ReportsCheck.Of(Healthy.Kamailio, Drained([A], drained) with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy("p1", status, null)]) });

    private static EtcdObservation Drained(Member[] members, params string[] names)
    {
        var drained = names.Select(static name => new MemberKey(1, name)).ToHashSet();
        return Healthy.Etcd with
        {
            Members = Observed<IReadOnlyList<Member>>.Of([.. members.Select(member => drained.Contains(member.Key) ? member with { State = MemberState.Draining } : member)]),
            Intents = drained.ToDictionary(static key => key, static key => new Intent(key) { IsDrained = true, By = "ops@h1" }),
            Drained = drained,
        };
    }

    private static KamailioObservation Listing(params DispatcherDestination[] list) => Healthy.Kamailio with { List = Healthy.List(list) };

    private static DispatcherDestination Listed(Member member, DestinationState state = DestinationState.Active) =>
        Healthy.Destination(member.Uri.Text) with { State = state, Attributes = $"duid={member.Key.Name};kamrpc=default" };
}
