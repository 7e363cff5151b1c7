using System.Text.Json;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Findings;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Sources.Records;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;
using static KamRpcDispatcher.Tests.Cli.Clusters;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What <c>kamrpc status</c> says is known, and not only not contradicted.</summary>
public class StatusDoubtTests
{
    private static readonly AnnouncedMember[] Three = [Ready("a", "sip:10.0.0.1"), Ready("b", "sip:10.0.0.2"), Ready("c", "sip:10.0.0.3")];
    private static readonly AnnouncedMember Other = new(Members.Of("other", 2, "sip:10.0.0.20"), 1) { ModRevision = 42 };

    [Test]
    public void A_dispatcher_that_hangs_is_found_and_who_gets_calls_there_is_not_known()
    {
        var hangs = Report(3) with { Loop = At(LoopStep.Call, 12, 3), AppliedAt = Now.AddSeconds(-15) };

        var finding = Findings(View(Three, ("p1", hangs))).Single();

        Assert.That((finding.Code, finding.Proxy), Is.EqualTo(("dispatcher-hangs", "p1")));
        Assert.That(finding.Text, Does.StartWith("proxy p1: its dispatcher hangs, for 11s (waits for a reply from Kamailio, for 12s of 3s at most)"));
        Assert.That(Calls(View(Three, ("p1", hangs))).Sets.Single().Unknown, Is.EqualTo(3));
        Assert.That(Screen(View(Three, ("p1", hangs))), Does.Contain("HANGS").And.Contain("NOT KNOWN").And.Not.Contain("synced"));
    }

    [TestCase(LoopStep.Grace, 23, 31)]
    [TestCase(LoopStep.Work, 0, 3)]
    public void A_dispatcher_that_is_at_long_changes_is_behind_and_does_not_hang(string step, int seconds, int most)
    {
        var busy = Report(3) with { Loop = At(step, seconds, most), AppliedAt = Now.AddSeconds(-27) };

        var finding = Findings(View(Three, ("p1", busy))).Single();

        Assert.That(finding.Code, Is.EqualTo("behind"));
        Assert.That(finding.Text, Does.StartWith("proxy p1 is at changes, and has not read Kamailio's list for 25s"));
    }

    [Test]
    public void A_long_rest_is_neither() =>
        Assert.That(Codes(View(Three, ("p1", Report(3) with { Loop = At(LoopStep.Rest, 50, 60), AppliedAt = Now.AddSeconds(-52) }))), Is.Empty);

    [Test]
    public void A_report_that_does_not_tell_of_its_loop_and_whose_list_is_old_is_found() =>
        Assert.That(Codes(View(Three, ("p1", Report(3) with { Loop = null, AppliedAt = Now.AddSeconds(-40) }))), Is.EqualTo(new[] { "behind" }));

    [Test]
    public void A_deletion_that_a_proxy_does_not_follow_is_found_after_a_moment_and_names_who_has_left_where_another_proxy_does()
    {
        var followed = Report(2) with { Revision = 60, Follows = new FollowedMembers(60, 2), Deviations = [Off(DeviationKind.Leaving, "c", "sip:10.0.0.3", 6)] };
        var view = View(Three[..2], ("p1", followed), ("p2", Report(3))) with { MemberRecords = 2 };

        Assert.That(After(TimeSpan.Zero, view, view).Select(static finding => finding.Code), Is.Empty, "it may be about to follow");
        var finding = After(FollowAges.Limit, view, view).Single();

        Assert.That((finding.Code, finding.Proxy, finding.Set, finding.Member), Is.EqualTo(("not-followed", "p2", (int?)1, "c")));
        Assert.That(finding.Text, Does.StartWith("proxy p2 does not follow the members, for 4s or longer: it goes by 1 record, such as c of set 1, of which etcd has none any more"));
        Assert.That(After(FollowAges.Limit, view, view with { Proxies = [view.Proxies[0], view.Proxies[1] with { Status = Report(2) with { Follows = new FollowedMembers(61, 2) } }] }), Is.Empty, "it has followed");
        Assert.That(After(FollowAges.Limit, view, view with { Proxies = [view.Proxies[0], view.Proxies[1] with { Status = Report(3) with { Follows = new FollowedMembers(58, 3) } }] }), Is.Empty, "it goes on following");
    }

    /// <summary>As after a restore of etcd, which has other records than before.</summary>
    [Test]
    public void A_proxy_that_lacks_records_that_etcd_has_is_found_as_that()
    {
        var view = View(Three, ("p1", Report(2) with { Revision = 60, Follows = new FollowedMembers(60, 2) })) with { MemberRecords = 3 };

        var finding = After(FollowAges.Limit, view, view).Single();
        Assert.That(finding.Code, Is.EqualTo("not-followed"));
        Assert.That(finding.Text, Does.StartWith("proxy p1 does not follow the members, for 4s or longer: it goes by 1 record fewer than etcd has; who has come may get no calls there"));
    }

    [Test]
    public void A_proxy_that_does_not_tell_what_it_follows_and_counts_more_than_there_are_is_found()
    {
        var view = View(Three[..2], ("p1", Report(3) with { Follows = null })) with { MemberRecords = 2 };

        Assert.That(After(FollowAges.Limit, view, view).Select(static finding => finding.Code), Is.EqualTo(new[] { "not-followed" }));
        Assert.That(After(FollowAges.Limit, view with { Rejected = [new RejectedRecord("k", "uri is missing", KeepsLastGood: false)] }, view with { Rejected = [new RejectedRecord("k", "uri is missing", KeepsLastGood: false)] }).Select(static finding => finding.Code), Is.EqualTo(new[] { "rejected" }), "an earlier record of that one may be in force");
    }

    [Test]
    public void One_that_has_left_is_not_known_to_be_gone_where_the_report_may_only_not_name_it()
    {
        var followed = Report(2) with { Deviations = [Off(DeviationKind.Leaving, "c", "sip:10.0.0.3", 6)] };

        Assert.That(Of(Report(2)), Is.EqualTo((CallState.None, true)));
        Assert.That(Of(Report(2) with { MoreDeviations = 1 }), Is.EqualTo((CallState.Unknown, false)), "there was no room for it");
        Assert.That(Of(Report(2) with { Follows = null }), Is.EqualTo((CallState.Unknown, false)), "it does not tell");
        Assert.That(Of(Report(3) with { Follows = new FollowedMembers(57, 3) }), Is.EqualTo((CallState.Unknown, false)), "it goes by what is gone");

        (CallState, bool) Of(ProxyStatus second)
        {
            var calls = Calls(View(Three[..2], ("p1", followed), ("p2", second)) with { MemberRecords = 2 });
            var set = calls.Sets.Single();
            var view = MemberView.Of(set.Departed.Single(), set.Serving[1], Now);
            return (view.Calls, view.IsAsItShouldBe);
        }
    }

    [Test]
    public void One_that_is_to_get_no_calls_is_not_known_to_get_none_where_others_that_do_may_be_cut_off()
    {
        AnnouncedMember[] members = [Three[0], Three[1] with { Member = Three[1].Member with { State = MemberState.Draining } }];
        var cut = Report(1) with { MoreDeviations = 2, Deviations = [Off(DeviationKind.Serving, "x", "sip:10.0.0.9", 3)] };

        Assert.That(Of(cut), Is.EqualTo(CallState.Unknown));
        Assert.That(Of(cut with { Deviations = [Off(DeviationKind.Missing, "x", "sip:10.0.0.9", 3)] }), Is.EqualTo(CallState.None), "those that serve come first");

        CallState Of(ProxyStatus status) => Calls(View(members, ("p1", status))).Sets.First(static set => set.Set == 1).Members[1].Calls;
    }

    [Test]
    public void Where_one_of_two_proxies_is_not_known_the_title_counts_what_is_and_nobody_gets_calls_from_all()
    {
        var lost = Report(3) with { Contact = new KamailioContact(false, Now.AddSeconds(-9), "gone") };
        var view = View(Three, ("p1", Report(3)), ("p2", lost));

        Assert.That(Screen(view), Does.Match("SET 1: 3 of 3 get calls +1 of 2 proxies known\n"));
        var json = JsonElement.Parse(Json(view));
        Assert.That(json.GetProperty("members").EnumerateArray().Select(static member => member.GetProperty("calls").GetString()), Is.All.EqualTo("unknown"));
        Assert.That((json.GetProperty("sets")[0].GetProperty("proxies").GetInt32(), json.GetProperty("sets")[0].GetProperty("proxiesKnown").GetInt32()), Is.EqualTo((2, 1)));
    }

    [Test]
    public void One_that_a_report_of_two_has_no_room_for_does_not_count_as_getting_calls_everywhere()
    {
        var crowded = Report(3, 2) with { Deviations = [], MoreDeviations = 1 };
        var set = Calls(View(Three, ("p1", Report(3)), ("p2", crowded))).Sets.Single();

        Assert.That((set.Getting, set.Unknown, set.IsAsWished), Is.EqualTo((0, 3, false)));
    }

    [Test]
    public void What_is_wrong_in_other_sets_does_not_count_for_the_set_that_is_asked_for()
    {
        var status = Report(3) with
        {
            Drift = 4,
            MoreHeld = 7,
            MoreQuarantined = 1,
            Sets = Report(3).Sets.Add(2, new SetStatus(3, 2) { Wanted = 3, Serving = 2, Drift = 4, Held = 7, Refused = 1 }),
            Troubles = [new ProxyTrouble(TroubleKind.Flapping, Now, "member 2/other") { Sets = [2] }],
        };

        Assert.That(Asked(1, status), Is.Empty);
        Assert.That(Asked(2, status), Is.SupersetOf(new[] { "trouble-flapping", "held", "quarantined", "drift" }));
        Assert.That(Asked(1, status with { Troubles = [new ProxyTrouble(TroubleKind.Memory, Now, "short")] }), Is.EqualTo(new[] { "trouble-memory" }), "that is about every set");
    }

    [Test]
    public void A_set_that_a_cut_report_does_not_name_is_known_from_what_it_names_of_others_and_else_it_is_found()
    {
        var fine = Report(3) with { MoreSets = 1 };
        var crowded = Report(3, 2) with { MoreSets = 1, Deviations = [Off(DeviationKind.Missing, "c", "sip:10.0.0.3", 1)] };

        Assert.That(Asked(2, fine), Is.Empty);
        Assert.That(Asked(2, crowded), Is.EqualTo(new[] { "calls-not-known" }));
    }

    [Test]
    public void A_newer_record_of_another_set_does_not_count_for_the_set_that_is_asked_for()
    {
        var newer = Other with { ModRevision = 99 };

        Assert.That(Asked(1, Report(3), View([.. Three, newer], ("p1", Report(3))) with { }), Is.Empty);
        Assert.That(Asked(2, Report(3), View([.. Three, newer], ("p1", Report(3)))), Does.Contain("behind"));
    }

    [Test]
    public void A_ready_member_that_is_not_known_to_get_calls_is_found()
    {
        // It counts one that lacks calls and names another one's.
        var odd = Report(3, 2) with { Deviations = [Off("melting", "z", "sip:10.0.0.9", 1)], MoreDeviations = 0, Sets = Report(3).Sets.SetItem(1, new SetStatus(3, 3)) };

        Assert.That(Codes(View(Three, ("p1", odd with { MoreSets = 1 }))), Does.Contain("calls-not-known"));
    }

    [Test]
    public void While_a_report_may_be_old_nothing_of_it_is_known()
    {
        var doubtful = Report(3) with { WrittenAt = Now.AddMinutes(-10), AppliedAt = Now.AddMinutes(-10) };

        Assert.That(Codes(View(Three, ("p1", doubtful))), Is.EqualTo(new[] { "report-stale" }));
        Assert.That(Calls(View(Three, ("p1", doubtful))).Sets.Single().Unknown, Is.EqualTo(3));
    }

    private static LoopStatus At(string step, int seconds, int most) => new(step, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(most));

    /// <summary>What is found when the cluster is read, and again after a while.</summary>
    private static IReadOnlyList<StatusFinding> After(TimeSpan time, ClusterView first, ClusterView second)
    {
        var clock = new FakeTimeProvider(Now);
        var ages = new ReportAges(clock);
        ages.Observe(first);
        clock.Advance(time);
        ages.Observe(second);
        return new StatusFindings(new ClusterCalls(second, ages, clock.GetUtcNow())).ToList();
    }

    private static IEnumerable<string> Asked(int set, ProxyStatus status, ClusterView? view = null)
    {
        var whole = view ?? View([.. Three, Other], ("p1", status));
        var options = StatusOptions.Default with { Sets = new HashSet<int> { set } };
        var ages = new ReportAges(new FakeTimeProvider(Now));
        ages.Observe(whole);
        return [.. options.Findings(new ClusterCalls(options.Filter(whole), ages, Now, options.Sets)).Select(static finding => finding.Code)];
    }
}
