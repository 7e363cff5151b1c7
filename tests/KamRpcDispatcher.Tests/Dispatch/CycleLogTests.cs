using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class CycleLogTests
{
    private const int UnknownVersion = 3014;
    private const int Panic = 3011;

    private const int TroubleBegan = 3020;
    private const int TroubleOver = 3021;
    private static readonly DateTimeOffset Then = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly DispatcherTable Empty = new(KamailioVersion.Read("kamailio 5.6.3 (x86_64/linux)"), new KamailioInstance("then", string.Empty), []);
    private static readonly ChangePlan Nothing = new();
    private static readonly ChangePlan AnAdd = new() { Adds = [new AddDestination(1, "sip:b", 8, 0, string.Empty)] };
    private static readonly ChangePlan ADisable = AnAdd with { Disables = [new DisableDestination(1, "sip:a")] };

    private readonly FakeReport _report = new();
    private readonly LogCapture<CycleLog> _log = new();

    [Test]
    public void What_is_silenced_runs_ahead_of_what_is_in_force_whole()
    {
        var journal = Journal();
        journal.Planned(new Membership(5, [], []), Empty, Nothing);
        Assert.That((_report.Last!.Revision, _report.Last.Silenced), Is.EqualTo((5L, 5L)));

        journal.Planned(new Membership(6, [], []), Empty, ADisable);
        Assert.That((_report.Last!.Revision, _report.Last.Silenced), Is.EqualTo((5L, 5L)));

        journal.Planned(new Membership(6, [], []), Empty, AnAdd);
        Assert.That((_report.Last!.Revision, _report.Last.Silenced), Is.EqualTo((5L, 6L)));
        Assert.That((string.Join(',', _report.Last.Applies), _report.Last.Intents), Is.EqualTo(("members,intents,proxies,splits", new IntentsProgress(0, 0))), "nobody has read any yet");
    }

    [Test]
    public void Intents_are_in_force_and_silenced_up_to_their_own_revision_by_the_same_list()
    {
        var journal = Journal();
        journal.Planned(Wished(5, FakeIntents.Draining(4)), Empty, Nothing);
        Assert.That(_report.Last!.Intents, Is.EqualTo(new IntentsProgress(4, 4)));
        Assert.That(_report.Last.Applies, Is.EqualTo(new[] { "members", "intents", "proxies", "splits" }));

        journal.Planned(Wished(5, FakeIntents.Draining(7, "a")), Empty with { Destinations = [Listed("sip:a", ListedState.Active, "duid=a;kamrpc=c")] }, ADisable);
        Assert.That(_report.Last.Intents, Is.EqualTo(new IntentsProgress(4, 4)), "it gets calls still");

        journal.Planned(Wished(5, FakeIntents.Draining(7, "a")), Empty, AnAdd);
        Assert.That((_report.Last.Intents, _report.Last.Revision), Is.EqualTo((new IntentsProgress(4, 7), 5L)));

        journal.Planned(Wished(5, FakeIntents.Draining(7, "a")), Empty, Nothing);
        Assert.That(_report.Last.Intents, Is.EqualTo(new IntentsProgress(7, 7)));

        journal.Planned(Wished(2, FakeIntents.Draining(3, "a")), Empty with { Destinations = [Listed("sip:a", ListedState.Active, "duid=a;kamrpc=c")] }, ADisable);
        Assert.That(_report.Last.Intents, Is.EqualTo(new IntentsProgress(0, 0)), "the store was restored: nothing of before is in force");
    }

    [Test]
    public void Intents_that_may_not_be_read_are_not_followed_and_those_that_are_saved_or_not_read_yet_acknowledge_nothing()
    {
        var journal = Journal();
        journal.Planned(Wished(5, FakeIntents.Draining(4)), Empty, Nothing);
        journal.Planned(Wished(5, FakeIntents.Draining(4, "a") with { IsFollowed = false, IsRefused = true }), Empty, Nothing);
        Assert.That((_report.Last!.Intents, string.Join(',', _report.Last.Applies)), Is.EqualTo(((IntentsProgress?)null, "members,splits")));

        journal.Planned(Wished(5, FakeIntents.Draining(4, "a") with { IsFollowed = false }), Empty, Nothing);
        Assert.That((_report.Last!.Intents, string.Join(',', _report.Last.Applies)), Is.EqualTo((new IntentsProgress(0, 0), "members,intents,proxies,splits")), "etcd has not told them yet");

        journal.Planned(Wished(5, FakeIntents.Draining(4)) with { IsFromSnapshot = true }, Empty, Nothing);
        Assert.That((_report.Last!.Intents, string.Join(',', _report.Last.Applies)), Is.EqualTo((new IntentsProgress(0, 0), "members,intents,proxies,splits")));

        journal.Planned(Wished(5, FakeIntents.Draining(6, "a")), Empty with { Destinations = [Listed("sip:a", ListedState.Active, "duid=a;kamrpc=c")] }, ADisable);
        Assert.That(_report.Last.Intents, Is.EqualTo(new IntentsProgress(0, 0)), "what was in force before the pause nobody knows");
    }

    [TestCase(50, "more than 50 % went without a word")]
    [TestCase(80, "more than 20 % went without a word")]
    public void A_panic_says_how_much_of_a_set_may_go(int threshold, string text)
    {
        Journal().Kept([], [Members.Of("a"), Members.Of("b")], new PanicOptions { Threshold = threshold });

        Assert.That(_log.Of(Panic).Single(), Does.Contain(text));
    }

    [Test]
    public void A_member_that_is_left_out_for_another_one_is_reported_with_that_one()
    {
        var plan = new ChangePlan { Skips = [new Skip(SkipReason.Superseded, 1, "sip:a", new MemberKey(1, "zz")) { Holder = new MemberKey(1, "ok"), IsServed = true }] };
        var journal = Journal();
        journal.Planned(new Membership(5, [], []), Empty, Nothing);
        journal.Planned(new Membership(5, [], []), Empty, plan);

        Assert.That(_report.Last!.Superseded.Single(), Is.EqualTo(new SupersededMember(new MemberKey(1, "zz"), new MemberKey(1, "ok"), IsServed: true)));
        Assert.That((_report.Last.Silenced, _report.Last.Drift), Is.EqualTo((5L, 0)));
    }

    [Test]
    public void Of_a_crowd_that_is_left_out_some_are_reported_first_those_whose_address_gets_calls_and_the_number_of_the_others()
    {
        var plan = new ChangePlan
        {
            Skips = [.. Enumerable.Range(0, 20_000).Select(static number => new Skip(SkipReason.Superseded, 1, "sip:a", new MemberKey(1, $"m{number}")) { Holder = new MemberKey(1, "ok"), IsServed = number == 19_999 })],
        };
        Journal().Planned(new Membership(5, [], []), Empty, plan);

        var status = _report.Last!;
        Assert.That((status.Superseded.Length, status.MoreSuperseded), Is.EqualTo((ProxyStatus.MostSuperseded, 20_000 - ProxyStatus.MostSuperseded)));
        Assert.That(status.Superseded[0].Member.Name, Is.EqualTo("m19999"));
    }

    [Test]
    public void Copies_that_can_only_be_removed_are_not_silenced_before()
    {
        var journal = Journal();
        var copies = Empty with { Destinations = [Listed("sip:a", ListedState.Active), Listed("sip:a", ListedState.Active)] };
        var silencing = new ChangePlan { Silencings = [new RemoveDestination(1, "sip:a")] };
        journal.Planned(new Membership(6, [], []), copies, silencing);
        Assert.That(_report.Last!.Silenced, Is.Zero);

        var disabled = Empty with { Destinations = [Listed("sip:a", ListedState.Disabled)] };
        journal.Planned(new Membership(6, [], []), disabled, new ChangePlan { Removes = silencing.Silencings });
        Assert.That(_report.Last!.Silenced, Is.EqualTo(6));
    }

    [Test]
    public void In_a_store_that_was_restored_nothing_of_before_is_in_force()
    {
        var journal = Journal();
        journal.Planned(new Membership(1000, [], []), Empty, Nothing);
        journal.Planned(new Membership(50, [], []), Empty, ADisable);

        Assert.That((_report.Last!.Revision, _report.Last.Silenced), Is.EqualTo((0L, 0L)));
    }

    [Test]
    public void Trouble_is_reported_at_once_and_logged_when_it_begins_and_when_it_ends()
    {
        var journal = Journal();
        journal.Troubles([new ProxyTrouble(TroubleKind.Blind, Then, "the list cannot be read")]);
        Assert.That(_report.Last!.Troubles.Single().Kind, Is.EqualTo("blind"), "before there was any list");

        journal.Troubles([new ProxyTrouble(TroubleKind.Blind, Then, "the list cannot be read, tried 3 times")]);
        journal.Troubles([new ProxyTrouble(TroubleKind.Blind, Then, "the list cannot be read, tried 4 times"), new ProxyTrouble(TroubleKind.Room, Then, "no room")]);
        journal.Planned(new Membership(1, [], []), Empty, Nothing);
        Assert.That(_log.Of(TroubleBegan), Is.EqualTo(new[] { "blind: the list cannot be read", "room: no room" }));
        Assert.That(_report.Last.Troubles, Has.Length.EqualTo(2));
        Assert.That(_log.Of(TroubleOver), Is.Empty);

        journal.Troubles([]);
        Assert.That(_log.Of(TroubleOver), Has.Count.EqualTo(2));
        Assert.That(_report.Last.Troubles, Is.Empty);
        Assert.That(_report.Last.Revision, Is.EqualTo(1), "the rest is as it was");
    }

    [Test]
    public void Cycles_that_fail_are_a_trouble_until_one_succeeds()
    {
        var journal = Journal();
        journal.Planned(new Membership(1, [], []), Empty, Nothing);
        journal.CycleFailed(new InvalidOperationException("x"));
        journal.CycleFailed(new InvalidOperationException("x"));
        Assert.That(_report.Last!.Troubles.Single(), Has.Property("Kind").EqualTo("fault").And.Property("Text").Contains("2 times in a row").And.Property("Text").Contains("InvalidOperationException: x"));

        journal.CycleDone();
        Assert.That(_report.Last.Troubles, Is.Empty);
    }

    [Test]
    public void That_Kamailio_cannot_be_used_is_told_again_each_minute_and_when_the_reason_changes_and_at_last_how_long_it_was()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
        var journal = new CycleLog(_report, new Quarantine(clock), static () => default, clock, _log);
        var address = KamailioAddress.Parse("jsonrpc+unix:/run/x.sock");
        journal.Planned(new Membership(5, [], []), Empty, Nothing);
        for (var cycle = 0; cycle < 40 * 150; cycle++)
        {
            // Every 25 ms, for two minutes and a half; after one minute its socket is there and may not be opened.
            journal.Failed(new KamailioUnreachableException(address, cycle < 40 * 60 ? "nobody listens" : "permission denied", null));
            clock.Advance(TimeSpan.FromMilliseconds(25));
        }

        journal.Planned(new Membership(5, [], []), Empty, Nothing);
        journal.Planned(new Membership(5, [], []), Empty, Nothing);

        Assert.That(_log.Of(3001), Has.Count.EqualTo(1).And.All.Contain("nobody listens"));
        Assert.That(_log.Of(3022), Has.Count.EqualTo(0), "with the line of the first minute");
        Assert.That(_log.Of(3023), Has.Count.EqualTo(2).And.All.Contain("since 12:00:00 UTC").And.All.Contain("permission denied"));
        Assert.That(_log.Of(3023)[1], Does.Contain("for 2m by now"));
        Assert.That(_log.Of(3024), Is.EqualTo(new[] { "Kamailio can be used again, after 2m30s" }));
    }

    [Test]
    public void Another_reason_is_told_at_once()
    {
        var journal = Journal();
        var address = KamailioAddress.Parse("jsonrpc+unix:/run/x.sock");
        journal.Failed(new KamailioUnreachableException(address, "nobody listens", null));
        journal.Failed(new KamailioUnreachableException(address, "permission denied", null));
        journal.Failed(new KamailioUnreachableException(address, "permission denied", null));

        Assert.That(_log.Of(3022), Has.Count.EqualTo(1).And.All.Contain("permission denied"));
    }

    [Test]
    public void A_Kamailio_that_answers_every_other_time_does_not_fill_the_log()
    {
        var journal = Journal();
        for (var cycle = 0; cycle < 500; cycle++)
        {
            journal.Failed(new KamailioTimeoutException("core.uptime", TimeSpan.FromSeconds(1)));
            journal.Planned(new Membership(5, [], []), Empty, Nothing);
        }

        Assert.That(_log.All, Has.Count.LessThanOrEqualTo(20));
    }

    [Test]
    public void That_structural_changes_are_refused_for_a_while_is_a_warning_once_a_minute()
    {
        var clock = new FakeTimeProvider();
        var journal = new CycleLog(_report, new Quarantine(clock), static () => default, clock, _log);
        for (var cycle = 0; cycle < 240; cycle++)
        {
            journal.Pushed(new PushOutcome(0, IsBusy: true, 0));
            clock.Advance(TimeSpan.FromMilliseconds(500));
        }

        Assert.That(_log.Of(3005), Has.Count.EqualTo(2).And.All.Contain("modparam(\"dispatcher\", \"reload_delta\", 0)"));
        Assert.That(_log.LevelsOf(3005), Is.All.EqualTo(LogLevel.Warning));
    }

    [Test]
    public void Of_a_storm_of_revisions_some_are_told_and_the_last_one_in_any_case()
    {
        var clock = new FakeTimeProvider();
        var journal = new CycleLog(_report, new Quarantine(clock), static () => default, clock, _log);
        for (var revision = 1; revision <= 1000; revision++)
        {
            journal.Planned(new Membership(revision, [], []), Empty, Nothing);
        }

        Assert.That(_log.Of(3006), Has.Count.EqualTo(10));
        clock.Advance(TimeSpan.FromSeconds(1));
        journal.Planned(new Membership(1000, [], []), Empty, Nothing);
        clock.Advance(TimeSpan.FromSeconds(60));
        journal.Planned(new Membership(1000, [], []), Empty, Nothing);
        Assert.That(_log.Of(3025), Is.EqualTo(new[] { "In step with revision 1000: 0 destinations in 0 sets; 989 revisions before it are not told one by one" }));

        journal.Planned(new Membership(1001, [], []), Empty, Nothing);
        Assert.That(_log.Of(3006)[^1], Does.StartWith("In step with revision 1001:"));
        Assert.That(_log.Of(3025), Has.Count.EqualTo(1));
    }

    /// <summary>Changes that went out before the list was read leave nothing to do to the reading: who follows the log learns of them all the same.</summary>
    [Test]
    public void A_list_that_has_grown_by_itself_is_told_with_the_revision_it_had()
    {
        var journal = Journal();
        journal.Planned(new Membership(5, [], []), Empty with { Destinations = [Listed("sip:10.0.0.1:5060", ListedState.Active)] }, Nothing);
        for (var cycle = 0; cycle < 3; cycle++)
        {
            journal.Planned(new Membership(5, [], []), Empty with { Destinations = [Listed("sip:10.0.0.1:5060", ListedState.Active), Listed("sip:10.0.0.2:5060", ListedState.Active)] }, Nothing);
        }

        Assert.That(_log.Of(3006), Is.EqualTo(new[] { "In step with revision 5: 1 destinations in 1 sets", "In step with revision 5: 2 destinations in 1 sets" }));
    }

    [Test]
    public void A_trouble_that_comes_and_goes_with_each_cycle_does_not_fill_the_log()
    {
        var journal = Journal();
        for (var cycle = 0; cycle < 500; cycle++)
        {
            journal.Troubles([new ProxyTrouble(TroubleKind.Unsilenced, Then.AddSeconds(cycle), "x")]);
            journal.Troubles([]);
        }

        Assert.That((_log.Of(TroubleBegan).Count, _log.Of(TroubleOver).Count), Is.EqualTo((5, 5)));
    }

    private static Membership Wished(long revision, OperatorIntents intents) => new(revision, [], []) { Intents = intents };

    private CycleLog Journal() => new(_report, new Quarantine(TimeProvider.System), static () => default, TimeProvider.System, _log);

    private static ListedDestination Listed(string uri, ListedState state, string attributes = "kamrpc=c") => new(1, uri, state, false, 0, attributes);

    [TestCase("kamailio 5.4.0 (x86_64/linux)", 0)]
    [TestCase("kamailio 6.1.5 (x86_64/linux)", 0)]
    [TestCase("kamailio 6.2.0 (x86_64/linux)", 1)]
    [TestCase("something else", 1)]
    public void A_release_newer_than_any_known_is_said_once_a_life(string version, int warnings)
    {
        var log = new LogCapture<CycleLog>();
        var journal = new CycleLog(new FakeReport(), new Quarantine(TimeProvider.System), static () => default, TimeProvider.System, log);
        var table = new DispatcherTable(KamailioVersion.Read(version), new KamailioInstance("then", string.Empty), []);

        journal.Planned(new Membership(1, [], []), table, new ChangePlan());
        journal.WaitingForStore();
        journal.Planned(new Membership(2, [], []), table, new ChangePlan());
        Assert.That(log.Of(UnknownVersion), Has.Count.EqualTo(warnings));

        journal.Planned(new Membership(2, [], []), table with { Instance = new KamailioInstance("now", string.Empty) }, new ChangePlan());
        Assert.That(log.Of(UnknownVersion), Has.Count.EqualTo(2 * warnings));
    }
}
