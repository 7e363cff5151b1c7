using System.Collections.Immutable;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Kamailio's list is held against the members that its dispatcher goes by, wherever they come from.</summary>
internal sealed class MembersHereTests
{
    private const string Source = "set 2 of p1 comes from file:/x/members.json";

    private static readonly Member A = Members.Of("a", uri: "sip:10.0.0.1");
    private static readonly Member F = Members.Of("f1", set: 2, uri: "sip:10.0.0.7");
    private static readonly Member Stranger = Members.Of("s", set: 2, uri: "sip:10.0.0.8");

    [Test]
    public void What_comes_from_elsewhere_is_no_orphan_and_nobody_is_told_to_remove_it()
    {
        var findings = Found(Of([A, Stranger]), Listed(A), Listed(F));

        AssertFinding(findings["kamailio.orphans"], Severity.Ok, $"1 destination of kamrpc's, each with a member, or off; 1 more, whose members are not seen from here, is not judged: {Source}", null);
        AssertFinding(findings["kamailio.routable"], Severity.Ok, $"1 of 1 member in set 1, 1 destination in set 2, whose members are not seen from here ({Source})", null);
        Assert.That(findings.Values.Select(static finding => finding.Fix ?? string.Empty), Has.None.Contain("dispatcher.remove"));
    }

    [Test]
    public void A_set_of_elsewhere_that_gets_no_calls_is_an_error_all_the_same()
    {
        AssertFinding(Found(Of([A]), Listed(A), Listed(F, DestinationState.Inactive))["kamailio.routable"], Severity.Error, $"set 2: none of its 1 destination in Kamailio's list gets calls; its members are not seen from here ({Source})", "kamrpc doctor on that dispatcher's host");
        AssertFinding(Found(Of([A], new SetStatus(0, 0) { Wanted = 2, Serving = 0 }), Listed(A))["kamailio.routable"], Severity.Error, "set 2: nobody is in Kamailio's list; its members are not seen", "kamrpc doctor on");
        AssertFinding(Found(Of([A], new SetStatus(2, 1) { Wanted = 2, Serving = 1 }), Listed(A), Listed(F))["kamailio.routable"], Severity.Error, "set 2: 1 of 2 ready members without calls, by its dispatcher's report", "kamrpc doctor on");
    }

    [Test]
    public void Where_the_dispatcher_tells_its_members_they_are_judged()
    {
        var told = Of([A, Stranger]) with { Local = [Answer(usesEtcd: true, A, F)] };

        AssertFinding(Found(told, Listed(A), Listed(F))["kamailio.routable"], Severity.Ok, "1 of 1 member in set 1, 1 of 1 member in set 2", null);
        AssertFinding(Found(told, Listed(A), Listed(F))["kamailio.orphans"], Severity.Ok, "2 destinations of kamrpc's, each with a member, or off", null);
        AssertFinding(Found(told, Listed(A), Listed(F), Listed(Stranger))["kamailio.orphans"], Severity.Warning, "set 2: sip:10.0.0.8", "a --set that names their sets");
        AssertFinding(Found(told, Listed(A), Listed(F, DestinationState.Inactive))["kamailio.routable"], Severity.Error, "set 2: none of 1 member gets calls (1 inactive in Kamailio's list", "let the server answer");
    }

    [Test]
    public void Without_etcd_what_the_dispatcher_tells_is_what_Kamailio_is_held_against()
    {
        var trouble = new Trouble("etcd does not answer", Causes.Etcd);
        var away = Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Not(trouble), Proxies = Observed<IReadOnlyList<ReportingProxy>>.Not(trouble), Local = [Answer(usesEtcd: false, A, F)] };

        AssertFinding(Found(away, Listed(A), Listed(F))["kamailio.routable"], Severity.Ok, "1 of 1 member in set 1, 1 of 1 member in set 2", null);
        AssertFinding(Found(away, Listed(A, DestinationState.Inactive), Listed(F))["kamailio.routable"], Severity.Error, "set 1: none of 1 member gets calls (1 inactive", "let the server answer");
        AssertFinding(Found(away, Listed(F))["kamailio.routable"], Severity.Error, "set 1: none of 1 member gets calls (1 not in Kamailio's list)", "the kamrpc dispatch at work here");
        AssertFinding(Found(away, Listed(A), Listed(F))["kamailio.dispatcher"], Severity.Ok, "kept in step by p1", null);

        var untold = Found(away with { Local = [Answer(usesEtcd: false) with { Membership = null }] }, Listed(A))["kamailio.routable"];
        Assert.That((untold.Severity, untold.IsProblem, untold.Text), Is.EqualTo((Severity.Unknown, true, "the dispatcher at work here has no members yet: no source has told any")));
    }

    [Test]
    public void A_source_that_cannot_be_read_is_an_error_and_so_is_one_of_another_proxy()
    {
        var away = Healthy.Etcd.ReadAt.AddSeconds(-8);
        const string text = "file:/x/members.json cannot be read for 8 s, and its members stay as they were (4:7: ']' is missing)";
        var told = Of([A]) with { Local = [Answer(usesEtcd: true, A, F) with { Sources = [new MemberSource("file:/x/members.json", away, "4:7: ']' is missing")] }] };
        AssertFinding(Found(told, Listed(A), Listed(F))["kamailio.sources"], Severity.Error, text, "what it says");
        AssertFinding(Found(Of([A]) with { Local = [Answer(usesEtcd: true, A, F)] }, Listed(A), Listed(F))["kamailio.sources"], Severity.Ok, "members come from file:/x/members.json, which can be read", null);
        AssertFinding(Found(Healthy.Etcd, Listed(A))["kamailio.sources"], Severity.Ok, "nothing beside etcd", null);

        var unread = Report(new SetStatus(1, 1) { Wanted = 1, Serving = 1 });
        unread = unread with { Sources = [unread.Sources[0], unread.Sources[1] with { AwaySince = away, Reason = "4:7: ']' is missing" }] };
        AssertFinding(Found(Of([A], unread), Listed(A), Listed(F))["kamailio.sources"], Severity.Error, text, "what it says");
        AssertFinding(Found(Of([A], unread, "p9"), Listed(A), Listed(F))["etcd.reports"], Severity.Error, $"p9: {text}", "kamrpc status has all of it");
    }

    [Test]
    public void Nobody_is_advised_to_confirm_by_etcd_who_is_gone_from_elsewhere()
    {
        var held = Report(new SetStatus(1, 1) { Wanted = 1, Serving = 1 }) with { Held = [F] };
        AssertFinding(Found(Of([A], held), Listed(A), Listed(F))["kamailio.dispatcher"], Severity.Warning, "keeps 1 expired member in its list (PANIC)", "\"state\": \"down\" in their file");
        AssertFinding(Found(Of([A], held with { Held = [A, F] }), Listed(A), Listed(F))["kamailio.dispatcher"], Severity.Warning, "keeps 2 expired members", "kamrpc confirm, if they are gone for good; of those from elsewhere than etcd \"state\": \"down\"");
        AssertFinding(Found(Of([A], held with { Held = [A] }), Listed(A), Listed(F))["kamailio.dispatcher"], Severity.Warning, "keeps 1 expired member", "kamrpc confirm, if they are gone for good");
    }

    [Test]
    public void Where_no_etcd_is_used_its_checks_say_so_and_none_is_a_problem()
    {
        var findings = AllChecks.Of(Healthy.Kamailio with { List = Healthy.List(Listed(A), Listed(F)) }, EtcdObservation.OfNone("proxy p1") with { Local = [Answer(usesEtcd: false, A, F)], ReadAt = Healthy.Etcd.ReadAt });

        Assert.That(findings.Select(static finding => finding.Check).Distinct(), Is.EqualTo(AllChecks.Names));
        var unused = findings.Where(static finding => finding.Check.StartsWith("etcd.", StringComparison.Ordinal)).ToList();
        Assert.That(unused, Has.All.Property("IsUnused").True.And.All.Property("IsProblem").False.And.All.Property("Text").StartsWith("not examined: the dispatcher here (proxy p1) uses no etcd"));
        Assert.That(findings.Where(static finding => finding.IsProblem), Is.Empty);
    }

    private static Dictionary<string, Finding> Found(EtcdObservation etcd, params DispatcherDestination[] listed) =>
        AllChecks.Of(Healthy.Kamailio with { List = Healthy.List(listed) }, etcd).DistinctBy(static finding => finding.Check).ToDictionary(static finding => finding.Check);

    /// <summary>What etcd has: of set 2 the dispatcher takes nobody from it.</summary>
    private static EtcdObservation Of(IReadOnlyList<Member> members, SetStatus? second = null) => Of(members, Report(second ?? new SetStatus(1, 1) { Wanted = 1, Serving = 1 }));

    private static EtcdObservation Of(IReadOnlyList<Member> members, ProxyStatus report, string proxy = "p1") => Healthy.Etcd with
    {
        Members = Observed<IReadOnlyList<Member>>.Of(members), Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy(proxy, report, null)]),
    };

    private static ProxyStatus Report(SetStatus second) => Healthy.Proxy with
    {
        Sets = ImmutableSortedDictionary<int, SetStatus>.Empty.Add(1, new SetStatus(1, 1) { Wanted = 1, Serving = 1 }).Add(2, second),
        Sources = [new ReportedSource(ReportedSource.Etcd, [1]), new ReportedSource("file:/x/members.json", [2])],
    };

    private static WholeAnswer Answer(bool usesEtcd, params Member[] members) => new("default", "p1", [new MemberSource("file:/x/members.json", null, null)])
    {
        UsesEtcd = usesEtcd, Membership = new Membership(5, members, []), Report = usesEtcd ? Report(new SetStatus(1, 1) { Wanted = 1, Serving = 1 }) : Healthy.Proxy,
    };

    private static DispatcherDestination Listed(Member member, DestinationState state = DestinationState.Active) =>
        new() { Set = member.Key.Set, Uri = member.Uri.Text, State = state, Attributes = $"kamrpc=default;duid={member.Key.Name}", Duid = member.Key.Name };
}
