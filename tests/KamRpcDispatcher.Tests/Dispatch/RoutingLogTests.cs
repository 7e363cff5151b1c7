using System.Collections.Immutable;
using System.Diagnostics;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Logs;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Who gets calls and why, told once a change.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class RoutingLogTests
{
    private const int Lost = 3030;
    private const int Joined = 3031;
    private const int Again = 3032;
    private const int Without = 3033;
    private const int FoundDead = 3034;
    private const int Answers = 3035;
    private const int DisabledByOthers = 3036;
    private const int EnabledByOthers = 3037;
    private const int Many = 3038;
    private const int Vanished = 3039;
    private const int NobodyRoutable = 3040;
    private const int RoutableAgain = 3041;
    private const int Full = 3043;
    private const int Moved = 3044;

    private static readonly Member A = Members.Of("a", uri: "sip:10.0.0.1:5060");
    private static readonly Member B = Members.Of("b", uri: "sip:10.0.0.2:5060");

    private readonly FakeTimeProvider _clock = new();
    private readonly LogCapture<RoutingLog> _log = new();
    private readonly PlanPolicy _policy = new("c") { HasPriorities = false, DueForRemoval = ImmutableHashSet<ListedKey>.Empty };
    private readonly RoutingLog _routing;
    private KamailioInstance _instance = new("then", string.Empty);
    private Dictionary<MemberKey, LeaveCause> _left = [];
    private ImmutableHashSet<EndpointKey> _awaitingProof = [];
    private RejectedRecord[] _rejected = [];
    private HashSet<int> _deserted = [];
    private HashSet<MemberKey> _drained = [];
    private bool _refuses;

    public RoutingLogTests() => _routing = new RoutingLog(_policy, _clock, _log);

    [Test]
    public void What_stands_there_when_the_daemon_starts_is_no_news()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public void A_member_that_comes_joins_when_Kamailio_has_it()
    {
        See([A], Listed(A));
        See([A, B], Listed(A));
        Assert.That(_log.All, Is.Empty, "it is not there yet");

        See([A, B], Listed(A), Listed(B));
        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets calls: joined" }));
        Assert.That(_log.Of(Joined), Has.Count.EqualTo(1));
    }

    [Test]
    public void Whoever_is_in_the_set_of_a_class_is_told_for_its_home_set_alone()
    {
        var ofClass = Members.Of("b", set: ClassSets.Base + 2, uri: "sip:10.0.0.2:5060");
        See([A], Listed(A));
        See([A, B, ofClass], Listed(A), Listed(B), Listed(ofClass));
        See([A], Listed(A), Listed(B, ListedState.Disabled), Listed(ofClass, ListedState.Disabled));
        _clock.Advance(TimeSpan.FromSeconds(5));
        _deserted = [ofClass.Key.Set];
        See([A], Listed(A));

        Assert.That(_log.Of(NobodyRoutable), Is.Empty, "its calls go to the home set");
        Assert.That(_log.All, Has.All.StartsWith("Set 1: "));
        Assert.That((_log.Of(Joined).Count, _log.Of(Lost).Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void One_that_leaves_in_order_drains_and_withdraws_and_its_return_is_told()
    {
        See([A, B], Listed(A), Listed(B));
        var draining = B with { State = MemberState.Draining, Reason = "its announcer was asked to stop" };
        See([A, draining], Listed(A), Listed(B));
        Assert.That(_log.All, Is.Empty, "it gets calls still");

        See([A, draining], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.Of(Lost), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: draining (its announcer was asked to stop)" }));
        Assert.That(_log.LevelsOf(Lost), Is.EqualTo(new[] { LogLevel.Information }));

        See([A, B with { State = MemberState.Down, Reason = MemberRecord.WithdrawnReason }], Listed(A), Listed(B, ListedState.Disabled));
        _left[B.Key] = LeaveCause.Withdrawn;
        See([A], Listed(A), Listed(B, ListedState.Disabled));
        See([A], Listed(A));
        Assert.That(_log.Of(Without), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no calls: withdrew" }));

        _left = [];
        See([A, B], Listed(A));
        See([A, B], Listed(A), Listed(B));
        Assert.That(_log.Of(Again), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets calls again: back" }));
        Assert.That(_log.All, Has.Count.EqualTo(3));
    }

    [Test]
    public void One_that_an_operator_drains_is_told_with_who_and_why_and_so_is_its_being_resumed()
    {
        var drained = B with { State = MemberState.Draining, Reason = "drained by ops@host: kernel update" };
        See([A, B], Listed(A), Listed(B));
        _drained = [B.Key];
        See([A, drained], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.Of(Lost), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: drained by ops@host: kernel update" }));
        Assert.That(_log.LevelsOf(Lost), Is.EqualTo(new[] { LogLevel.Information }));

        _drained = [];
        See([A, B], Listed(A), Listed(B));
        Assert.That(_log.Of(Again), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets calls again: no operator drains it any more" }));
        Assert.That(_log.All, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_set_whose_members_are_all_drained_says_so()
    {
        See([A], Listed(A));
        _drained = [A.Key];
        See([A with { State = MemberState.Draining, Reason = "drained by ops@host" }], Listed(A, ListedState.Disabled));

        Assert.That(_log.Of(NobodyRoutable).Single(), Does.Contain("1 drained by an operator"));
    }

    [Test]
    public void A_member_that_moves_to_another_address_is_told_once_with_both()
    {
        var moved = Members.Of("b", uri: "sip:10.0.0.9:5060");
        See([A, B], Listed(A), Listed(B));
        See([A, moved], Listed(A), Listed(B));
        Assert.That(_log.All, Is.Empty, "calls go where they went");

        See([A, moved], Listed(A), Listed(B, ListedState.Disabled), Listed(moved));
        See([A, moved], Listed(A), Listed(moved));
        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.9:5060) gets calls at this address now, no more at sip:10.0.0.2:5060" }));
        Assert.That(_log.LevelsOf(Moved), Is.EqualTo(new[] { LogLevel.Information }));
    }

    [TestCase(LeaveCause.Withdrawn, "withdrew", LogLevel.Information)]
    [TestCase(LeaveCause.Expired, "lease expired, or its key was deleted", LogLevel.Warning)]
    [TestCase(LeaveCause.Vanished, "in no EndpointSlice of its Service any more, without having terminated", LogLevel.Warning)]
    [TestCase(LeaveCause.Deleted, "its key, which had no lease, was deleted", LogLevel.Information)]
    [TestCase(LeaveCause.Emptied, "not in its set's file, which has nobody of the set", LogLevel.Warning)]
    [TestCase(LeaveCause.Unsourced, "no --source brings its set any more", LogLevel.Warning)]
    [TestCase(LeaveCause.Missing, "not announced any more: how it left while nobody followed its source is not known", LogLevel.Warning)]
    [TestCase(LeaveCause.NotReady, "its lease ended, or its key was deleted, while it was not ready", LogLevel.Warning)]
    [TestCase(null, "not announced any more", LogLevel.Warning)]
    public void Why_a_key_is_gone_is_told_as_far_as_it_is_known(LeaveCause? cause, string words, LogLevel level)
    {
        See([A, B], Listed(A), Listed(B));
        if (cause is { } known)
        {
            _left[B.Key] = known;
        }

        See([A], Listed(A), Listed(B));
        See([A], Listed(A), Listed(B, ListedState.Disabled));

        Assert.That(_log.Of(Lost), Is.EqualTo(new[] { $"Set 1: b (sip:10.0.0.2:5060) gets no more calls: {words}" }));
        Assert.That(_log.LevelsOf(Lost), Is.EqualTo(new[] { level }));
    }

    [Test]
    public void One_whose_entry_is_removed_at_once_is_told_of_too()
    {
        See([A, B], Listed(A), Listed(B));
        _left[B.Key] = LeaveCause.Expired;
        See([A], Listed(A));
        See([A], Listed(A));

        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: lease expired, or its key was deleted" }));
    }

    [Test]
    public void That_one_which_drained_has_gone_is_told_where_its_entry_is_removed_at_once_too()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B with { State = MemberState.Draining }], Listed(A), Listed(B, ListedState.Disabled));
        _left[B.Key] = LeaveCause.Withdrawn;
        See([A], Listed(A));
        _left = [];
        See([A], Listed(A));

        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: draining", "Set 1: b (sip:10.0.0.2:5060) gets no calls: withdrew" }));
    }

    [Test]
    public void One_that_is_down_is_told_with_its_reason_and_again_when_it_is_ready()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B with { State = MemberState.Down, Reason = "connection refused" }], Listed(A), Listed(B, ListedState.Disabled));
        See([A, B], Listed(A), Listed(B, ListedState.Disabled));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Is.EqualTo(new[]
        {
            "Set 1: b (sip:10.0.0.2:5060) gets no more calls: down (connection refused)",
            "Set 1: b (sip:10.0.0.2:5060) gets calls again: ready",
        }));
    }

    [Test]
    public void A_reason_from_outside_is_printed_on_one_line()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B with { State = MemberState.Down, Reason = "x\nSet 1: all is well\u001b[2J" }], Listed(A), Listed(B, ListedState.Disabled));

        Assert.That(_log.Of(Lost).Single(), Does.Contain("\\u000a").And.Not.Contain("\n").And.Not.Contain("\u001b"));
    }

    [Test]
    public void Kamailios_own_verdict_is_told_when_it_changes_and_not_at_each_ping()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B], Listed(A), Listed(B, ListedState.Trying));
        See([A, B], Listed(A), Listed(B, ListedState.Inactive));
        See([A, B], Listed(A), Listed(B, ListedState.Inactive));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Is.EqualTo(new[]
        {
            "Set 1: b (sip:10.0.0.2:5060) does not answer Kamailio's pings (IP), and gets no more calls",
            "Set 1: b (sip:10.0.0.2:5060) answers Kamailio's pings again, and gets calls",
        }));
        Assert.That((_log.Of(FoundDead).Count, _log.Of(Answers).Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Somebody_elses_destinations_are_not_judged()
    {
        var foreign = new ListedDestination(1, "sip:192.0.2.1", ListedState.Active, true, 0, string.Empty);
        See([A], Listed(A), foreign);
        See([A], Listed(A), foreign with { State = ListedState.Inactive });
        See([A], Listed(A));

        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public void One_that_waits_for_a_first_good_answer_is_not_called_dead()
    {
        See([A], Listed(A));
        _awaitingProof = [new EndpointKey(1, B.Uri.Endpoint)];
        See([A, B], Listed(A), Listed(B, ListedState.Inactive));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Is.EqualTo(new[]
        {
            "Set 1: b (sip:10.0.0.2:5060) gets no calls: ready, and waits for its first good answer to Kamailio's pings",
            "Set 1: b (sip:10.0.0.2:5060) gets calls: joined",
        }));
    }

    [Test]
    public void What_somebody_disables_by_hand_is_told_with_what_to_do_instead()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B], Listed(A), Listed(B, ListedState.Disabled));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.Of(DisabledByOthers).Single(), Does.StartWith("Set 1: b (sip:10.0.0.2:5060) was disabled in Kamailio by somebody else: enabled again"));
        Assert.That(_log.All, Has.Count.EqualTo(2));
        Assert.That(_log.Of(Again), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets calls again: ready" }));
    }

    [Test]
    public void What_this_tool_disabled_itself_a_moment_ago_was_nobody_elses_hand()
    {
        See([A, B], Listed(A), Listed(B));

        // It drains, and is ready again before the list is read.
        See([A, B with { State = MemberState.Draining }], Listed(A), Listed(B));
        See([A, B], Listed(A), Listed(B, ListedState.Disabled));
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public void A_drain_that_a_script_undoes_is_told_and_not_more_than_some_times_a_minute()
    {
        var draining = B with { State = MemberState.Draining, Reason = "by hand" };
        See([A, draining], Listed(A), Listed(B, ListedState.Disabled));
        See([A, draining], Listed(A), Listed(B));
        Assert.That(_log.Of(EnabledByOthers), Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) was enabled in Kamailio by somebody else, or by its script: disabled again (draining (by hand))" }));

        for (var times = 0; times < 100; times++)
        {
            See([A, draining], Listed(A), Listed(B, ListedState.Disabled));
            See([A, draining], Listed(A), Listed(B, ListedState.Disabled));
            See([A, draining], Listed(A), Listed(B));
        }

        Assert.That(_log.All, Has.Count.LessThanOrEqualTo(10));
    }

    [Test]
    public void Of_one_that_flaps_some_changes_are_told_and_in_the_end_how_it_stands()
    {
        See([A, B], Listed(A), Listed(B));
        for (var times = 0; times < 100; times++)
        {
            See([A, B with { State = MemberState.Down }], Listed(A), Listed(B, ListedState.Disabled));
            See([A, B], Listed(A), Listed(B));
        }

        See([A, B with { State = MemberState.Down }], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.All, Has.Count.EqualTo(10));
        Assert.That(_log.All[^1], Does.EndWith("gets calls again: ready"));

        // Nothing changes any more.
        _clock.Advance(LogLimit.Interval);
        See([A, B with { State = MemberState.Down }], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.All[^1], Does.EndWith("gets no more calls: down"));
    }

    [Test]
    public void A_restart_of_Kamailio_is_no_news_of_members_but_one_that_left_meanwhile()
    {
        See([A, B], Listed(A), Listed(B));
        _instance = new KamailioInstance("now", string.Empty);
        See([A, B]);
        See([A, B], Listed(A), Listed(B));
        Assert.That(_log.All, Is.Empty);

        _instance = new KamailioInstance("later", string.Empty);
        _left[B.Key] = LeaveCause.Expired;
        See([A]);
        See([A], Listed(A));
        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: lease expired, or its key was deleted" }));
    }

    [Test]
    public void A_reload_is_told_once_with_how_many_it_took()
    {
        See([A, B], Listed(A), Listed(B));
        See([A, B]);
        See([A, B], Listed(A), Listed(B));

        Assert.That(_log.All, Has.Count.EqualTo(1));
        Assert.That(_log.Of(Vanished).Single(), Does.StartWith("2 destinations that kamrpc had added are gone from Kamailio's list (a, b)"));
    }

    /// <summary>Its lines are limited, and what was said last of it is of before it went.</summary>
    [Test]
    public void One_that_comes_and_goes_for_ever_is_not_said_to_be_taken_away_by_somebody()
    {
        See([A], Listed(A));
        for (var time = 0; time < 20; time++)
        {
            _left.Clear();
            See([A, B], Listed(A));
            See([A, B], Listed(A), Listed(B));
            See([A, B with { State = MemberState.Draining, Reason = "stopped" }], Listed(A), Listed(B, ListedState.Disabled));
            _left[B.Key] = LeaveCause.Withdrawn;
            See([A], Listed(A));
        }

        Assert.That(_log.Of(Joined), Has.Count.EqualTo(1));
        Assert.That(_log.Of(Vanished), Is.Empty);
    }

    [Test]
    public void A_crowd_that_changes_in_one_way_is_one_line()
    {
        var crowd = Enumerable.Range(0, 50).Select(static number => Members.Of($"m{number:00}", uri: $"sip:10.0.1.{number}:5060")).ToArray();
        See([A], Listed(A));
        See([A, .. crowd], [Listed(A), .. crowd.Select(static member => Listed(member))]);
        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: 50 members get calls: joined (m00, m01, m02, m03, m04, m05, m06, m07, m08, m09 and 40 more)" }));

        _log.Clear();
        See([A, .. crowd], [Listed(A), .. crowd.Select(static member => Listed(member))]);
        See([A, .. crowd], [Listed(A), .. crowd.Select(static member => Listed(member, ListedState.Inactive))]);
        Assert.That(_log.Of(Many).Single(), Does.StartWith("Set 1: 50 members do not answer Kamailio's pings"));
        Assert.That(_log.LevelsOf(Many), Is.EqualTo(new[] { LogLevel.Warning }));
    }

    [Test]
    public void A_member_whose_address_is_served_by_another_entry_or_name_is_not_said_to_get_no_calls()
    {
        var twin = B with { Key = new MemberKey(1, "z"), CreatedRevision = 9 };
        See([A, B], Listed(A), Listed(B));
        See([A, B, twin], Listed(A), Listed(B));
        See([A, B, twin], Listed(A), Listed(twin));

        Assert.That(_log.Of(Lost), Is.Empty);
    }

    [Test]
    public void One_that_drains_and_gets_calls_by_an_operators_entry_at_its_address_is_said_to_get_them()
    {
        var foreign = new ListedDestination(1, "sip:10.0.0.2", ListedState.Active, true, 0, string.Empty);
        var draining = B with { State = MemberState.Draining, Reason = "its announcer was asked to stop" };
        See([A, B], Listed(A), Listed(B), foreign);
        See([A, draining], Listed(A), Listed(B), foreign);
        See([A, draining], Listed(A), Listed(B, ListedState.Disabled), foreign);
        See([A, draining], Listed(A), Listed(B, ListedState.Disabled), foreign);
        Assert.That(_log.All, Is.EqualTo(new[]
        {
            "Set 1: b (sip:10.0.0.2:5060) still gets calls, by an active entry of somebody else's at its address, though it is to get none: draining (its announcer was asked to stop). Take that entry out of Kamailio's list file, and of its list while this daemon is stopped (kamcmd dispatcher.remove)",
        }));

        See([A, draining], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.All[^1], Is.EqualTo("Set 1: b (sip:10.0.0.2:5060) gets no more calls: draining (its announcer was asked to stop)"));
    }

    [Test]
    public void Nor_is_one_that_has_left_said_to_get_none_while_an_operators_entry_is_there()
    {
        var foreign = new ListedDestination(1, "sip:10.0.0.2:5060;transport=udp", ListedState.Active, true, 0, string.Empty);
        See([A, B], Listed(A), Listed(B));
        _left[B.Key] = LeaveCause.Withdrawn;
        See([A], Listed(A), Listed(B, ListedState.Disabled), foreign);
        See([A], Listed(A), foreign);

        Assert.That(_log.All.Single(), Does.Contain("still gets calls").And.Contain("withdrew"));
    }

    [Test]
    public void One_whose_address_another_name_has_for_a_while_has_not_lost_its_calls_and_does_not_get_them_again()
    {
        var twin = B with { Key = new MemberKey(1, "z"), CreatedRevision = 9 };
        See([A, B], Listed(A), Listed(B));
        for (var times = 0; times < 3; times++)
        {
            See([A, B, twin], Listed(A), Listed(B));
            See([A, B, twin], Listed(A), Listed(twin));
            See([A, B], Listed(A), Listed(twin));
            See([A, B], Listed(A), Listed(B));
        }

        Assert.That(_log.All.Where(static line => line.Contains(": b (", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void One_that_moves_to_an_address_which_Kamailio_does_not_take_lost_its_calls_by_no_other_hand()
    {
        var moved = B with { Uri = SipUri.Parse("sip:10.0.0.3:5060") };
        See([A, B], Listed(A), Listed(B));
        See([A, moved], Listed(A), Listed(B));
        See([A, moved], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.All, Is.Empty, "it is about to be added there");

        _refuses = true;
        See([A, moved], Listed(A), Listed(B, ListedState.Disabled));
        See([A, moved], Listed(A), Listed(B, ListedState.Disabled));
        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: announced at another address, sip:10.0.0.3:5060, which is not in Kamailio's list" }));

        See([A, moved], Listed(A), Listed(B, ListedState.Disabled), Listed(moved));
        Assert.That(_log.All[^1], Is.EqualTo("Set 1: b (sip:10.0.0.3:5060) gets calls again: back"));
    }

    [Test]
    public void One_that_moves_to_an_address_that_is_found_dead_is_told_as_that()
    {
        var moved = B with { Uri = SipUri.Parse("sip:10.0.0.3:5060") };
        See([A, B], Listed(A), Listed(B));
        See([A, moved], Listed(A), Listed(B, ListedState.Disabled), Listed(moved, ListedState.Inactive));

        Assert.That(_log.All.Single(), Does.Contain("b (sip:10.0.0.3:5060) does not answer Kamailio's pings"));
    }

    [Test]
    public void One_whose_record_cannot_be_used_is_not_said_to_be_announced_no_more()
    {
        See([A, B], Listed(A), Listed(B));
        _rejected = [new RejectedRecord("/kamrpc/c/members/1/b", "not JSON", KeepsLastGood: false) { Member = B.Key }];
        See([A], Listed(A), Listed(B, ListedState.Disabled));

        Assert.That(_log.All, Is.EqualTo(new[] { "Set 1: b (sip:10.0.0.2:5060) gets no more calls: its record cannot be used, and no earlier one is known that could" }));
    }

    [Test]
    public void A_set_without_anybody_is_told_when_it_begins_and_when_it_is_over()
    {
        See([A], Listed(A));
        _clock.Advance(TimeSpan.FromSeconds(5));
        See([A with { State = MemberState.Down, Reason = "no answer" }], Listed(A, ListedState.Disabled));
        See([A with { State = MemberState.Down, Reason = "no answer" }], Listed(A, ListedState.Disabled));
        Assert.That(_log.Of(NobodyRoutable), Is.EqualTo(new[] { "Set 1 has NO routable destination: no call to it can be served (1 down)" }));
        Assert.That(_log.LevelsOf(NobodyRoutable), Is.EqualTo(new[] { LogLevel.Error }));

        _clock.Advance(TimeSpan.FromSeconds(90));
        See([A], Listed(A));
        Assert.That(_log.Of(RoutableAgain), Is.EqualTo(new[] { "Set 1 has a routable destination again, after 1m30s without" }));
    }

    [Test]
    public void A_set_that_is_about_to_be_filled_is_not_told_of_unless_it_stays_so()
    {
        See([A]);
        Assert.That(_log.Of(NobodyRoutable), Is.Empty, "at the start it is added a moment later");

        _clock.Advance(TimeSpan.FromSeconds(1));
        See([A]);
        Assert.That(_log.Of(NobodyRoutable), Is.EqualTo(new[] { "Set 1 has NO routable destination: no call to it can be served (1 not in Kamailio's list)" }));
    }

    [Test]
    public void Whom_somebody_else_put_into_a_set_takes_its_calls()
    {
        var foreign = new ListedDestination(1, "sip:192.0.2.1", ListedState.Active, true, 0, string.Empty);
        See([A], Listed(A), foreign);
        See([A with { State = MemberState.Down }], Listed(A, ListedState.Disabled), foreign);
        _clock.Advance(TimeSpan.FromSeconds(5));
        See([A with { State = MemberState.Down }], Listed(A, ListedState.Disabled), foreign);
        Assert.That(_log.Of(NobodyRoutable), Is.Empty);

        See([A with { State = MemberState.Down }], Listed(A, ListedState.Disabled), foreign with { State = ListedState.Inactive });
        Assert.That(_log.Of(NobodyRoutable), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_set_that_everybody_has_left_is_still_without_anybody_when_somebody_comes_back()
    {
        See([A], Listed(A));
        _deserted = [1];
        See([]);
        _clock.Advance(TimeSpan.FromSeconds(2));
        See([]);
        Assert.That(_log.Of(NobodyRoutable), Is.EqualTo(new[] { "Set 1 has NO routable destination: no call to it can be served (no member of its own)" }), "also where nothing was left of it in one moment");

        _clock.Advance(TimeSpan.FromSeconds(88));
        _deserted = [];
        See([A], Listed(A));
        Assert.That(_log.Of(RoutableAgain), Is.EqualTo(new[] { "Set 1 has a routable destination again, after 1m30s without" }));
    }

    [Test]
    public void A_set_that_has_no_room_for_another_call_is_told_once_a_minute_at_most()
    {
        var (full, other) = (Listed(A) with { Calls = 10, MaxLoad = 10 }, Listed(B) with { Calls = 20, MaxLoad = 20 });
        See([A, B], full, other);
        See([A, B], full with { Calls = 9 }, other);
        See([A, B], full, other);
        Assert.That(_log.Of(Full), Has.Count.EqualTo(1));
        Assert.That(_log.Of(Full)[0], Does.StartWith("Set 1: every routable destination is full (30 of 30 calls): algorithm 10 has none for another call until one ends"));

        _clock.Advance(TimeSpan.FromMinutes(1));
        See([A, B], full, other);
        Assert.That(_log.Of(Full), Has.Count.EqualTo(2), "though nothing has changed");

        _clock.Advance(TimeSpan.FromMinutes(1));
        See([A, B], full, other with { State = ListedState.Inactive, Calls = 0 });
        Assert.That(_log.Of(Full)[^1], Does.StartWith("Set 1: every routable destination is full (10 of 10 calls)"));
        _clock.Advance(TimeSpan.FromMinutes(1));
        See([A, B], full, other, Listed(A) with { Uri = "sip:192.0.2.1", Attributes = string.Empty });
        Assert.That(_log.Of(Full), Has.Count.EqualTo(3), "somebody else's has room");
    }

    [Test]
    public void Ten_thousand_members_cost_no_more_than_their_number()
    {
        var members = Enumerable.Range(0, 10_000).Select(static number => Members.Of($"m{number}", uri: $"sip:10.{number / 65536}.{number / 256 % 256}.{number % 256}:5060")).ToArray();
        var listed = Array.ConvertAll(members, static member => Listed(member));
        var sights = Enumerable.Range(0, 10).Select(number => Sight(members, [.. listed.Select((entry, index) => index == number ? entry with { State = ListedState.Inactive } : entry)])).ToList();
        _routing.Observe(sights[0]);
        var begun = Stopwatch.GetTimestamp();
        sights.ForEach(_routing.Observe);
        var elapsed = Stopwatch.GetElapsedTime(begun) / sights.Count;

        TestContext.Out.WriteLine($"a cycle that sees a change among 10,000 members: {elapsed.TotalMilliseconds:0.0} ms");
        Assert.That(elapsed, Is.LessThan(TimeSpan.FromSeconds(1)));
        Assert.That(_log.Of(FoundDead), Has.Count.EqualTo(9));
    }

    private static ListedDestination Listed(Member member, ListedState state = ListedState.Active) =>
        new(member.Key.Set, member.Uri.Text, state, state != ListedState.Disabled, 0, AttributeText.Format(member, "c"));

    private void See(Member[] members, params ListedDestination[] listed) => _routing.Observe(Sight(members, listed));

    private CycleSituation Sight(Member[] members, ListedDestination[] listed) => new(
        new Membership(1, members, _rejected) { Left = new Dictionary<MemberKey, LeaveCause>(_left), Drained = _drained },
        [],
        new DispatcherTable(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), _instance, listed),
        Planner.Plan(members, listed, _refuses ? _policy with { Refused = members.Select(static member => new RefusedDestination(member.Key.Set, member.Uri.Text, AttributeText.Format(member, "c"))).ToHashSet() } : _policy),
        _awaitingProof)
    {
        Deserted = _deserted,
    };
}
