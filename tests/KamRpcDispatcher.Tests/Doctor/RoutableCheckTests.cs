using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Doctor.Checks.Cluster;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Doctor.KamailioChecksTests;

namespace KamRpcDispatcher.Tests.Doctor;

/// <summary>Whether what is announced gets calls.</summary>
internal sealed class RoutableCheckTests
{
    private static readonly Member A = Members.Of("a", uri: "sip:10.0.0.1");
    private static readonly Member B = Members.Of("b", uri: "sip:10.0.0.2");
    private static readonly Member Other = Members.Of("c", set: 2, uri: "sip:10.0.0.3");

    [Test]
    public void Where_everybody_who_is_ready_gets_calls_all_is_well()
    {
        AssertFinding(Of([A, B], Listed(A), Listed(B, DestinationState.Trying)), Severity.Ok, "2 of 2 members in set 1", null);
        AssertFinding(Of([A, B with { State = MemberState.Draining }], Listed(A), Listed(B, DestinationState.Disabled)), Severity.Ok, "1 of 2 members in set 1", null);
        AssertFinding(Of([A], Listed(A) with { Uri = "sip:10.0.0.1:5060;kamrpc" }), Severity.Ok, "1 of 1 member in set 1", null);
        AssertFinding(Of([]), Severity.Ok, "nothing is announced", null);
    }

    [Test]
    public void An_empty_list_is_an_error_that_names_sets_and_counts() =>
        AssertFinding(Of([A, B, Other]), Severity.Error, "set 1: none of 2 members gets calls (2 not in Kamailio's list); set 2: none of 1 member gets calls (1 not in Kamailio's list)", "the kamrpc dispatch at work here mends that by itself");

    [TestCase(DestinationState.Inactive, "2 inactive in Kamailio's list", "let the server answer")]
    [TestCase(DestinationState.Disabled, "2 disabled in Kamailio's list", "the kamrpc dispatch at work here mends that by itself")]
    public void A_list_that_has_them_all_and_sends_them_nothing_is_an_error(DestinationState state, string text, string fix) =>
        AssertFinding(Of([A, B], Listed(A, state), Listed(B, state)), Severity.Error, $"set 1: none of 2 members gets calls ({text}", fix);

    [Test]
    public void A_set_of_which_nobody_is_ready_is_an_error() => AssertFinding(
        Of([A with { State = MemberState.Down }, B with { State = MemberState.Draining }], Listed(A, DestinationState.Disabled)),
        Severity.Error, "set 1: none of 2 members gets calls (1 down by its own report, 1 draining)", "kamrpc announce");

    [Test]
    public void One_who_is_ready_without_calls_is_an_error_though_others_get_theirs() =>
        AssertFinding(Of([A, B], Listed(A), Listed(B, DestinationState.Inactive)), Severity.Error, "set 1: 1 of 2 members ready and without calls (1 inactive", "let the server answer");

    [Test]
    public void One_who_is_not_ready_and_gets_calls_is_an_error_unless_a_ready_one_has_its_address()
    {
        AssertFinding(Of([A, B with { State = MemberState.Draining }], Listed(A), Listed(B)), Severity.Error, "set 1: 1 of 2 members to get no calls, and gets them", "the kamrpc dispatch at work here mends that by itself at its next look (--resync); if it stays so, kamrpc status");
        AssertFinding(Of([A, A with { Key = B.Key, State = MemberState.Down }], Listed(A)), Severity.Ok, "2 of 2 members in set 1", null);
    }

    [Test]
    public void A_set_without_room_for_another_call_is_a_warning_and_one_full_destination_is_told()
    {
        var full = Listed(A) with { MaxLoad = 10, DialogLoad = 10 };
        AssertFinding(Of([A, B], full, Listed(B) with { MaxLoad = 20, DialogLoad = 20 }), Severity.Warning, "set 1: every routable destination is full (30 of 30 calls): algorithm 10", "one more server for the set, or a higher --maxload");
        AssertFinding(Of([A, B], full, Listed(B) with { MaxLoad = 20, DialogLoad = 19 }), Severity.Ok, "2 of 2 members in set 1, 1 of them full at the moment", null);
        AssertFinding(Of([A], full, Healthy.Destination("sip:10.0.0.9")), Severity.Ok, "1 of 1 member in set 1, 1 of them full at the moment", null);
        AssertFinding(Of([A], Listed(A) with { MaxLoad = 10, DialogLoad = 0 }), Severity.Ok, "1 of 1 member in set 1", null);
        AssertFinding(Of([A], Listed(A) with { MaxLoad = 10 }), Severity.Ok, "1 of 1 member in set 1", null);
        AssertFinding(Of([A, B], full, Listed(B, DestinationState.Inactive)), Severity.Error, "without calls (1 inactive in Kamailio's list: no answer to its pings, or failed calls); set 1: every routable destination is full (10 of 10 calls)", "let the server answer");
    }

    [Test]
    public void An_operators_own_entry_serves_no_member() =>
        AssertFinding(Of([A], Healthy.Destination("sip:10.0.0.9")), Severity.Error, "set 1: none of 1 member", "the kamrpc dispatch at work here");

    [Test]
    public void A_set_that_this_Kamailio_does_not_serve_does_not_matter()
    {
        var etcd = Announced([A, Other]) with { Sets = new HashSet<int> { 1 } };
        AssertFinding(RoutableCheck.Of(Listing(Listed(A)), etcd), Severity.Ok, "1 of 1 member in set 1", null);
    }

    [Test]
    public void A_set_in_which_nobody_is_left_is_an_error_unless_somebody_else_takes_its_calls()
    {
        AssertFinding(Of([], Listed(A, DestinationState.Disabled), Listed(B, DestinationState.Disabled)), Severity.Error, "set 1: nobody is announced, and none of its 2 destinations in Kamailio's list gets calls", "kamrpc announce beside each SIP server of it");
        AssertFinding(Of([Other], Listed(A, DestinationState.Disabled), Listed(Other)), Severity.Error, "set 1: nobody is announced, and its one destination in Kamailio's list gets no calls", "kamrpc announce");
        AssertFinding(Of([A], Listed(A), Listed(A, DestinationState.Disabled) with { Set = ClassSets.Base + 1 }), Severity.Ok, "1 of 1", null);
        AssertFinding(Of([], Listed(A, DestinationState.Disabled), Healthy.Destination("sip:10.0.0.9")), Severity.Ok, "nothing is announced", null);
        AssertFinding(Of([], Healthy.Destination("sip:10.0.0.9") with { State = DestinationState.Disabled }), Severity.Ok, "nothing is announced", null);
        AssertFinding(RoutableCheck.Of(Listing(Listed(A, DestinationState.Inactive)), Announced([]) with { Held = [A] }), Severity.Error, "set 1: nobody is announced (1 expired member held back), and its one destination", "kamrpc announce");
    }

    [Test]
    public void A_set_that_everybody_has_left_is_an_error_for_as_long_as_the_dispatcher_at_work_knows_it()
    {
        var empty = new SetStatus(0, 0) { Wanted = 0, Serving = 0 };
        EtcdObservation Knowing(SetStatus set) => Announced([A]) with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([new ReportingProxy("p1", Healthy.Proxy with { Sets = Healthy.Proxy.Sets.Add(7, set) }, null)]) };

        AssertFinding(RoutableCheck.Of(Listing(Listed(A)), Knowing(empty)), Severity.Error, "set 7: nobody is announced, and Kamailio's list has nobody else", "kamrpc announce beside each SIP server of it");
        Assert.That(RoutableCheck.Of(Listing(Listed(A)), Knowing(empty)).Fix, Does.Contain("is forgotten when kamrpc dispatch is restarted"));
        AssertFinding(RoutableCheck.Of(Listing(Listed(A), Healthy.Destination("sip:10.0.0.9") with { Set = 7 }), Knowing(empty)), Severity.Ok, "1 of 1 member in set 1", null);
        AssertFinding(RoutableCheck.Of(Listing(Listed(A)), Knowing(empty with { Wanted = null })), Severity.Ok, "1 of 1 member in set 1", null);
    }

    [Test]
    public void Where_no_dispatcher_is_at_work_one_is_to_be_started_and_beside_one_nobody_changes_the_list()
    {
        var alone = Healthy.Kamailio with { Mark = string.Empty, LockHolder = string.Empty };
        Finding[] Both(KamailioObservation kamailio) =>
        [
            RoutableCheck.Of(kamailio with { List = Healthy.List(Listed(A)) }, Announced([A, B])),
            RoutableCheck.Of(kamailio with { List = Healthy.List(Listed(A), Listed(B)) }, Announced([A, B with { State = MemberState.Draining }])),
        ];

        Assert.That(Both(Healthy.Kamailio with { Mark = Healthy.Dispatcher.Replace("cluster default", "cluster west", StringComparison.Ordinal) }).Select(static finding => finding.Fix), Has.All.StartsWith("kamrpc doctor --cluster west"));
        Assert.That(Both(alone).Select(static finding => finding.Fix), Has.All.StartsWith("kamrpc dispatch beside this Kamailio"));
        Assert.That(Both(Healthy.Kamailio).Select(static finding => finding.Fix), Has.All.StartsWith("the kamrpc dispatch at work here").And.None.Contains("kamrpc dispatch beside").And.None.Contains("kamcmd"));
    }

    [Test]
    public void Each_cause_has_its_advice() => AssertFinding(
        Of([A, B], Listed(A, DestinationState.Inactive)), Severity.Error, "set 1: none of 2 members gets calls (1 inactive in Kamailio's list: no answer to its pings, or failed calls, 1 not in Kamailio's list)",
        "the kamrpc dispatch at work here mends that by itself at its next look (--resync); if it stays so, kamrpc status says what holds it up; its --set and --allow-attr have to allow these; kamrpc doctor --set SET if they are another Kamailio's; let the server answer");

    [Test]
    public void One_to_which_Kamailio_cannot_send_is_told_so_and_not_to_answer()
    {
        var tls = A with { Uri = SipUri.Parse("sips:10.0.0.1") };
        var kamailio = Healthy.Kamailio with { List = Healthy.List(Listed(tls, DestinationState.Inactive), Listed(B)), Listens = Observed<IReadOnlyList<KamailioSocket>>.Of([new KamailioSocket("udp", "10.0.0.5", 5060)]) };

        AssertFinding(RoutableCheck.Of(kamailio, Announced([tls, B])), Severity.Error, "set 1: 1 of 2 members ready and without calls (1 to which Kamailio cannot send)", "listen=TRANSPORT:ADDRESS:PORT (it listens on udp:10.0.0.5:5060), and what that transport needs");
        AssertFinding(RoutableCheck.Of(kamailio with { Listens = Observed<IReadOnlyList<KamailioSocket>>.Not("Method Not Found") }, Announced([tls, B])), Severity.Error, "1 inactive in Kamailio's list", "let the server answer");
        AssertFinding(RoutableCheck.Of(kamailio, Announced([tls with { Attributes = tls.Attributes.Add("obproxy", "sip:10.0.0.7") }, B])), Severity.Error, "1 inactive in Kamailio's list", "let the server answer");
    }

    [Test]
    public void A_set_whose_records_cannot_be_used_is_not_said_to_have_none()
    {
        RejectedRecord[] rejected = [.. new[] { "a", "b" }.Select(static name => new RejectedRecord($"/kamrpc/default/members/9/{name}", "uri: is missing", false) { Member = new MemberKey(9, name) })];
        var etcd = Announced([]) with { Sets = new HashSet<int> { 9 }, Rejected = rejected };

        AssertFinding(RoutableCheck.Of(Listing(), etcd), Severity.Error, "set 9: none of its 2 records can be used, and Kamailio's list has nobody else", "whoever writes these records, see etcd.members");
        AssertFinding(RoutableCheck.Of(Listing(), etcd with { Rejected = rejected[..1] }), Severity.Error, "set 9: its one record cannot be used, and", "whoever writes these records");
        AssertFinding(RoutableCheck.Of(Listing(), etcd with { Sets = new HashSet<int> { 8 } }), Severity.Error, "set 8: nobody is announced, and", "kamrpc announce");
    }

    [Test]
    public void A_set_that_the_operator_names_and_nobody_has_is_an_error()
    {
        var etcd = Announced([A, Other]) with { Sets = new HashSet<int> { 1, 99 } };

        AssertFinding(RoutableCheck.Of(Listing(Listed(A)), etcd), Severity.Error, "set 99: nobody is announced, and Kamailio's list has nobody else", "kamrpc announce");
        AssertFinding(MembersCheck.Of(etcd), Severity.Error, "nobody is announced in set 99 of cluster default; there are sets 1, 2", "kamrpc announce beside each SIP server, with the same --etcd and --cluster; or the right --set");
    }

    [Test]
    public void What_was_not_seen_is_unknown()
    {
        var notRead = RoutableCheck.Of(Healthy.Kamailio with { List = new ListReply([], 0) { TooLong = "no reply" } }, Healthy.Etcd);
        Assert.That((notRead.Severity, notRead.Because), Is.EqualTo((Severity.Unknown, "kamailio.reply-size")));
        var noEtcd = RoutableCheck.Of(Healthy.Kamailio, Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Not(new Trouble("no", Causes.Etcd)) });
        Assert.That((noEtcd.Severity, noEtcd.Because), Is.EqualTo((Severity.Unknown, "etcd.reachable")));
    }

    [Test]
    public void Of_many_sets_the_first_are_named()
    {
        Member[] members = [.. Enumerable.Range(1, 12).Select(static set => Members.Of("a", set, "sip:10.0.0.1"))];
        Assert.That(Of(members).Text, Does.Contain("set 5: none").And.EndWith("; and 7 sets more").And.Not.Contain("set 6"));
    }

    [Test]
    public void What_is_announced_is_counted_and_what_cannot_be_used_is_named()
    {
        AssertFinding(MembersCheck.Of(Announced([A, B, Other])), Severity.Ok, "cluster default: 3 members in 2 sets", null);
        AssertFinding(MembersCheck.Of(Announced([]) with { Proxies = Observed<IReadOnlyList<ReportingProxy>>.Of([]) }), Severity.Note, "nothing is announced in cluster default", "kamrpc announce");
        AssertFinding(MembersCheck.Of(Announced([])), Severity.Error, "nothing is announced in cluster default, and 1 proxy waits for somebody to send calls to", "kamrpc announce");
        AssertFinding(
            MembersCheck.Of(Announced([A]) with { Rejected = [new RejectedRecord("/kamrpc/default/members/1/b", "uri: is missing", false)] }), Severity.Warning, "1 record cannot be used: /kamrpc/default/members/1/b (uri: is missing)", "whoever");
        var refused = MembersCheck.Of(Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Not(new Trouble("permission denied", Causes.Members)) });
        AssertFinding(refused, Severity.Unknown, "permission denied", "a user with the role status");
        Assert.That(refused.IsProblem);
    }

    private static Finding Of(Member[] members, params DispatcherDestination[] list) => RoutableCheck.Of(Listing(list), Announced(members));

    private static KamailioObservation Listing(params DispatcherDestination[] list) => Healthy.Kamailio with { List = Healthy.List(list) };

    private static EtcdObservation Announced(Member[] members) => Healthy.Etcd with { Members = Observed<IReadOnlyList<Member>>.Of(members) };

    private static DispatcherDestination Listed(Member member, DestinationState state = DestinationState.Active) =>
        Healthy.Destination(member.Uri.Text) with { Set = member.Key.Set, State = state, Attributes = $"duid={member.Key.Name};kamrpc=default" };
}
