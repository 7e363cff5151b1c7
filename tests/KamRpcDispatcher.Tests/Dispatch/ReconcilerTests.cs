using System.Diagnostics;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Contact;
using KamRpcDispatcher.Dispatch.Logs;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Report;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Push.Guards;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>The whole of one cycle over a real datagram socket; only Kamailio and etcd are stand-ins.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReconcilerTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeMembership _membership = new();
    private readonly FakeReport _report = new();
    private readonly ContactWatch _contact = new(TimeProvider.System);
    private readonly LogCapture<CycleLog> _journal = new();
    private readonly LogCapture<RoutingLog> _routing = new();
    private readonly CancellationTokenSource _stop = new();
    private FakeKamailio _kamailio = FakeKamailio.Start();
    private Task _running = Task.CompletedTask;
    private RpcClient? _client;

    private TimeSpan RemovalDelay { get; set; }

    private PanicOptions Panic { get; set; } = new();

    private ListedBefore? Before { get; set; }

    private List<IChangeGuard> Guards { get; } = [];

    private TimeSpan Resync { get; set; } = TimeSpan.FromMilliseconds(100);

    private bool HasSentinel { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_client?.DisposeAsync() ?? default);
        await _kamailio.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Members_are_added_and_those_that_leave_are_removed()
    {
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b", set: 0));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);

        _membership.Set(2, Members.Of("b", set: 0));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 1, Deadline);

        Assert.That(_kamailio.Destinations.Single().Set, Is.Zero);
        var calls = _kamailio.Requests.Select(static request => request.Method).Where(static method => method is not ("core.uptime" or "core.version" or "dispatcher.list"));
        Assert.That(calls, Is.EqualTo(new[] { "dispatcher.add", "dispatcher.add", "dispatcher.set_state", "dispatcher.remove" }));
    }

    [Test]
    public async Task Nothing_is_touched_before_the_membership_is_known()
    {
        _kamailio.AddForeign(1, Members.Of("a").Uri.Text, attrs: "duid=a;kamrpc=c");
        Start();
        await _journal.WaitForAsync(3004);

        Assert.That(_kamailio.Requests.Select(static request => request.Method), Has.None.StartsWith("dispatcher.add").And.None.StartsWith("dispatcher.remove").And.None.StartsWith("dispatcher.set_state"));
        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(1));

        _membership.Set(1);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 0, Deadline);
    }

    [Test]
    public async Task A_saved_membership_adds_and_takes_nothing_away_that_is_listed_until_the_store_has_answered()
    {
        RemovalDelay = TimeSpan.Zero;

        // The list is newer: newcomer joined after the membership was saved, and back has come back.
        var (newcomer, back, lost, gone) = (Members.Of("newcomer"), Members.Of("back"), Members.Of("lost"), Members.Of("gone"));
        foreach (var member in new[] { newcomer, back })
        {
            _kamailio.AddForeign(1, member.Uri.Text, attrs: $"duid={member.Key.Name};kamrpc=c");
        }

        Start();
        _membership.Set(new Membership(5, [back with { State = MemberState.Down }, lost, gone], []) { IsFromSnapshot = true });
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 4, Deadline);
        await WaitForReportAsync(5);
        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags[0]), Is.All.EqualTo('A'));
        Assert.That((_report.Last!.Drift, _report.Last.IsFromSnapshot), Is.EqualTo((0, true)));

        _membership.Set(9, newcomer, back, lost);
        await WaitForReportAsync(9);
        Assert.That(_kamailio.Destinations.Select(static entry => Spelling.First(entry.Uri)), Is.EquivalentTo(new[] { newcomer.Uri.Text, back.Uri.Text, lost.Uri.Text }));
    }

    [Test]
    public async Task Whom_an_operator_drains_gets_no_calls_whatever_announces_it_anew_and_whatever_Kamailio_forgets_until_it_is_resumed()
    {
        Start();
        var (a, b) = (Members.Of("a"), Members.Of("b"));
        Wish(1, FakeIntents.Draining(1), a, b);
        await WaitForIntentsAsync(1);
        var before = _kamailio.Requests.Count;

        Wish(1, FakeIntents.Draining(5, "a"), a, b);
        await WaitForIntentsAsync(5);
        Assert.That((FlagOf(a), FlagOf(b), _report.Last!.Revision), Is.EqualTo(('D', 'A', 1L)));
        Assert.That(_kamailio.Requests.Skip(before).Select(static request => request.Method).Where(static method => method.StartsWith("dispatcher.", StringComparison.Ordinal)).Distinct(), Is.EquivalentTo(new[] { "dispatcher.list", "dispatcher.set_state" }));
        await _routing.WaitForAsync(3030);
        Assert.That(_routing.Of(3030).Single(), Does.EndWith("gets no more calls: drained by ops@host: kernel update"));

        Wish(7, FakeIntents.Draining(5, "a"), a with { CreatedRevision = 7 }, b);
        await WaitForReportAsync(7);
        Assert.That((FlagOf(a), FlagOf(b)), Is.EqualTo(('D', 'A')));

        await _kamailio.RestartAsync(TimeSpan.FromMilliseconds(50));
        await _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Any(entry => Spelling.First(entry.Uri) == b.Uri.Text), Deadline);
        Wish(7, FakeIntents.Draining(8), a, b);
        await WaitForIntentsAsync(8);
        Assert.That((FlagOf(a), FlagOf(b)), Is.EqualTo(('A', 'A')));
    }

    [Test]
    public async Task Who_gets_calls_in_a_list_that_the_first_answer_does_not_know_is_kept_for_a_moment_and_half_of_the_set_then()
    {
        _kamailio.AddForeign(1, "sip:192.0.2.1", attrs: "duid=disabled;kamrpc=c", flags: "DX");
        var table = StartAtAListOfFour();
        _membership.Set(table.At(1));
        await _journal.WaitForAsync(3048);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 4, Deadline);
        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags), Is.All.EqualTo("AP"), "only who was disabled goes");
        Assert.That(_journal.Of(3048).Single(), Does.Contain("4 members").And.Contain("a, b, c, d"));

        _membership.Set(Undoubted(table.At(1)));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        Assert.That(_journal.Of(3011).Single(), Does.Contain("2 members"));

        // An addition by somebody's hand, with our mark: nobody's.
        _kamailio.AddForeign(1, "sip:192.0.2.2", attrs: "duid=late;kamrpc=c");
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.All(static entry => entry.Uri != "sip:192.0.2.2"), Deadline);
    }

    [Test]
    public async Task So_it_is_where_the_list_was_read_before_that_answer_and_cannot_be_since()
    {
        var isBlind = false;
        _kamailio.OnRequest = request => isBlind && request.Method == "dispatcher.list" ? FakeReaction.DropReply : FakeReaction.Proceed;
        var table = StartAtAListOfFour();
        _membership.Set(table.At(1) with { IsFromSnapshot = true });
        await WaitForReportAsync(1);
        isBlind = true;
        await _kamailio.WaitForAsync(_ => _contact.Current is { Answers: false }, Deadline);
        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags), Is.All.EqualTo("AP"), "a saved membership takes nothing away, also where only states can be changed");

        _membership.Set(table.At(1));
        await _kamailio.WaitForAsync(_ => table.At(1).Expired.Count == 4, Deadline);
        var before = _kamailio.Requests.Count;
        await _kamailio.WaitForAsync(kamailio => kamailio.Requests.Count > before + 5, Deadline);
        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags), Is.All.EqualTo("AP"));

        _membership.Set(Undoubted(table.At(1)));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count(static entry => entry.Flags[0] == 'D') == 2, Deadline);
    }

    [Test]
    public async Task Ten_changes_during_a_push_are_one_next_cycle()
    {
        using var isIn = new SemaphoreSlim(0);
        using var mayGo = new ManualResetEventSlim();
        _kamailio.OnRequest = request =>
        {
            if (request.Method == "dispatcher.add" && isIn.CurrentCount == 0 && !mayGo.IsSet)
            {
                isIn.Release();
                mayGo.Wait(Deadline);
            }

            return FakeReaction.Proceed;
        };
        Start();
        _membership.Set(1, Members.Of("m0"));
        Assert.That(await isIn.WaitAsync(Deadline));
        for (var i = 1; i <= 10; i++)
        {
            _membership.Set(1 + i, [.. Enumerable.Range(0, i + 1).Select(static number => Members.Of($"m{number}"))]);
        }

        mayGo.Set();
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 11, Deadline);

        var calls = _kamailio.Requests.Select(static request => request.Method).ToList();
        var readings = calls.Take(calls.LastIndexOf("dispatcher.add")).Count(static method => method == "dispatcher.list");
        Assert.That(readings, Is.LessThanOrEqualTo(3), "one before the first push, one for all ten, and perhaps one of the timer");
    }

    [TestCase("DropReply")]
    [TestCase("Malform")]
    [TestCase("LateReply")]
    public async Task A_lost_reply_makes_no_duplicate(string fault)
    {
        var adds = 0;
        _kamailio.OnRequest = request => request.Method == "dispatcher.add" && Interlocked.Increment(ref adds) == 1
            ? fault switch
            {
                "DropReply" => FakeReaction.DropReply,
                "Malform" => FakeReaction.Malform,
                _ => FakeReaction.LateReply(TimeSpan.FromMilliseconds(400)),
            }
            : FakeReaction.Proceed;
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));

        await WaitForReportAsync(1);

        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(2));
        Assert.That(adds, Is.EqualTo(2), "what was added is not added again");
    }

    [Test]
    public async Task A_lost_request_is_made_up_for()
    {
        var adds = 0;
        _kamailio.OnRequest = request => request.Method == "dispatcher.add" && Interlocked.Increment(ref adds) == 1 ? FakeReaction.DropRequest : FakeReaction.Proceed;
        Start();
        _membership.Set(1, Members.Of("a"));

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 1, Deadline);
    }

    [Test]
    public async Task A_reload_and_a_restart_are_repaired()
    {
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);

        _kamailio.Reload();
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);

        await _kamailio.RestartAsync(TimeSpan.FromMilliseconds(200));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
    }

    [Test]
    public async Task What_somebody_else_put_there_stays_as_it_is()
    {
        _kamailio.AddForeign(1, "sip:192.0.2.1", "IP", 5, "weight=50");
        _kamailio.AddForeign(1, Members.Of("a").Uri.Text, "DX");
        var before = _kamailio.Destinations;
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 3, Deadline);
        _membership.Set(2);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);

        Assert.That(_kamailio.Destinations, Is.EquivalentTo(before));
    }

    [Test]
    public async Task Ongoing_reload_means_later()
    {
        await _kamailio.DisposeAsync();
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions { ReloadDelta = TimeSpan.FromSeconds(1) });
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        await WaitForReportAsync(1);
        Assert.That(_report.Last!.Drift, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(1)]
    public async Task A_destination_that_Kamailio_refuses_holds_up_nobody_and_is_not_asked_for_in_a_loop(int loadMode)
    {
        await _kamailio.DisposeAsync();
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions { LoadMode = loadMode });
        var bad = Members.Of("bad", uri: "sip:10.0.0.1");
        _kamailio.OnRequest = request => request.Method == "dispatcher.add" && request.Params.ToString().Contains(bad.Uri.Text, StringComparison.Ordinal)
            ? loadMode == 1
                ? FakeReaction.Refuse(500, "Adding dispatcher dst failed")
                : FakeReaction.ReplyWith($$"""{"jsonrpc":"2.0","result":"Ok. Dispatcher destination added.","id":{{request.Id}}}""")
            : FakeReaction.Proceed;
        Start();
        _membership.Set(1, bad, Members.Of("good"));

        await WaitForReportAsync(1);

        Assert.That(_kamailio.Destinations.Single().Uri, Is.EqualTo(Members.Of("good").Uri.Text));
        Assert.That(_report.Last!.Drift, Is.EqualTo(1));
        var asked = _kamailio.Requests.Count(request => request.Method == "dispatcher.add" && request.Params.ToString().Contains(bad.Uri.Text, StringComparison.Ordinal));
        Assert.That(asked, Is.LessThanOrEqualTo(2));
    }

    [Test]
    public async Task A_Kamailio_that_takes_no_attributes_is_left_alone()
    {
        await _kamailio.DisposeAsync();
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions { Version = "5.3.9" });
        Start();
        _membership.Set(1, Members.Of("a"));

        await _kamailio.WaitForAsync(_ => _contact.Current is { Answers: false }, Deadline);

        Assert.That(_kamailio.StructuralChanges, Is.Zero);
        Assert.That(_contact.Current!.Reason, Does.Contain("Kamailio 5.4 or later is needed"));
        Assert.That(_report.Last, Is.Not.Null, "so that there is a report which says so");
    }

    [Test]
    public async Task Kamailio_5_5_gets_its_own_arguments()
    {
        await _kamailio.DisposeAsync();
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions { Version = "5.5.4" });
        Start();
        _membership.Set(1, Members.Of("a") with { Priority = 3 });
        await WaitForReportAsync(1);

        Assert.That(_kamailio.Destinations.Single().Attrs, Is.EqualTo("duid=a;kamrpc=c"));
        Assert.That(_kamailio.StructuralChanges, Is.EqualTo(1));
    }

    [Test]
    public async Task A_member_that_flaps_costs_no_structural_change()
    {
        RemovalDelay = TimeSpan.FromMinutes(1);
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        for (var i = 0; i < 5; i++)
        {
            _membership.Set(2 + (2 * i), Members.Of("b"));
            await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Any(static entry => entry.Flags[0] == 'D'), Deadline);
            _membership.Set(3 + (2 * i), Members.Of("a"), Members.Of("b"));
            await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.All(static entry => entry.Flags == "AP"), Deadline);
        }

        Assert.That(_kamailio.StructuralChanges, Is.EqualTo(2));
    }

    [Test]
    public async Task A_member_that_stays_away_is_removed_after_the_delay()
    {
        RemovalDelay = TimeSpan.FromMilliseconds(500);
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        _membership.Set(2, Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Any(static entry => entry.Flags[0] == 'D'), Deadline);
        var disabled = System.Diagnostics.Stopwatch.GetTimestamp();

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 1, Deadline);

        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(disabled), Is.GreaterThan(TimeSpan.FromMilliseconds(400)));
    }

    [Test]
    public async Task A_drain_that_a_script_undid_is_asserted_again()
    {
        var draining = Members.Of("a") with { State = MemberState.Draining };
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 2, Deadline);
        _membership.Set(2, draining, Members.Of("b"));
        await _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Single(entry => entry.Uri == draining.Uri.Text).Flags[0] == 'D', Deadline);

        // ds_mark_dst("ip") of a failure route.
        _kamailio.SetFlags(1, draining.Uri.Text, "IP");

        await _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Single(entry => entry.Uri == draining.Uri.Text).Flags[0] == 'D', Deadline);
    }

    [Test]
    public async Task The_log_tells_who_gets_calls_and_why_not_in_their_order()
    {
        RemovalDelay = TimeSpan.FromMinutes(1);
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _routing.WaitForAsync(3031, 2).WaitAsync(Deadline);

        _kamailio.SetFlags(1, Members.Of("b").Uri.Text, "IP");
        await _routing.WaitForAsync(3034).WaitAsync(Deadline);
        _kamailio.SetFlags(1, Members.Of("b").Uri.Text, "AP");
        await _routing.WaitForAsync(3035).WaitAsync(Deadline);

        _membership.Set(2, Members.Of("a"), Members.Of("b") with { State = MemberState.Down, Reason = "connection refused" });
        await _routing.WaitForAsync(3030).WaitAsync(Deadline);
        _membership.Set(3, Members.Of("a"), Members.Of("b"));
        await _routing.WaitForAsync(3032).WaitAsync(Deadline);

        _kamailio.SetFlags(1, Members.Of("b").Uri.Text, "DX");
        await _routing.WaitForAsync(3036).WaitAsync(Deadline);
        await _routing.WaitForAsync(3032, 2).WaitAsync(Deadline);

        _membership.Set(4, Members.Of("a") with { State = MemberState.Draining }, Members.Of("b") with { State = MemberState.Draining });
        await _routing.WaitForAsync(3040).WaitAsync(Deadline);
        Assert.That(_routing.Of(3030)[0], Is.EqualTo("Set 1: b (sip:b.example.org:5060) gets no more calls: down (connection refused)"));
        Assert.That(_routing.Of(3040), Is.EqualTo(new[] { "Set 1 has NO routable destination: no call to it can be served (2 draining)" }));
    }

    [Test]
    public async Task Many_that_expire_at_once_stay_until_they_are_said_to_be_down()
    {
        RemovalDelay = TimeSpan.Zero;
        Start();
        Member[] all = [Members.Of("a"), Members.Of("b"), Members.Of("c"), Members.Of("d")];
        _membership.Set(1, all);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 4, Deadline);

        _membership.Set(new Membership(2, [], []) { Expired = [.. all.Select(static (member, index) => new ExpiredMember(member, DateTimeOffset.UtcNow, 4 - index, TimeProvider.System.Mark()))] });
        await _kamailio.WaitForAsync(_ => _report.Last is { Revision: 2, Held.Length: 2 }, Deadline);
        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(2));
        Assert.That(_kamailio.Destinations.Select(static entry => entry.Flags), Is.All.EqualTo("AP"), "as they were");

        _membership.Set(3, [.. all.Select(static member => member with { State = MemberState.Down })]);
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.All(static entry => entry.Flags[0] == 'D'), Deadline);
        await _kamailio.WaitForAsync(_ => _report.Last is { Revision: 3, Held.IsEmpty: true }, Deadline);
    }

    [Test]
    public async Task While_the_list_cannot_be_read_whoever_drains_gets_no_calls_any_more()
    {
        var isBlind = false;
        _kamailio.OnRequest = request => isBlind && request.Method == "dispatcher.list" ? FakeReaction.DropReply : FakeReaction.Proceed;
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await WaitForReportAsync(1);

        isBlind = true;
        _membership.Set(2, Members.Of("a"), Members.Of("b") with { State = MemberState.Draining });
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count(static entry => entry.Flags[0] == 'D') == 1, Deadline);

        _membership.Set(3, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.All(static entry => entry.Flags == "AP"), Deadline);
        Assert.That(_kamailio.StructuralChanges, Is.EqualTo(2));
    }

    [Test]
    public async Task Where_room_is_short_what_is_disabled_makes_way_before_its_time()
    {
        RemovalDelay = TimeSpan.FromMinutes(1);
        Guards.Add(new ThreeAtMost());
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"), Members.Of("c"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 3, Deadline);
        _membership.Set(2, Members.Of("a"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count(static entry => entry.Flags[0] == 'D') == 2, Deadline);

        _membership.Set(3, Members.Of("a"), Members.Of("d"));

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Any(static entry => entry.Attrs!.StartsWith("duid=d;", StringComparison.Ordinal)), Deadline);
        Assert.That(_kamailio.Destinations, Has.Count.EqualTo(3), "no more is removed than has to be");
    }

    [Test]
    public async Task A_reload_is_noticed_long_before_the_next_look_at_the_list()
    {
        HasSentinel = true;
        Resync = TimeSpan.FromMinutes(10);
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 3, Deadline);
        await WaitForReportAsync(1);

        _kamailio.Reload();

        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 3, Deadline);
    }

    [Test]
    public async Task A_change_that_has_no_effect_is_not_made_at_full_speed()
    {
        // Kamailio says that it removed the destination, and it stands there still.
        _kamailio.OnRequest = static request => request.Method == "dispatcher.remove"
            ? FakeReaction.ReplyWith($$"""{"jsonrpc":"2.0","result":"Ok. Dispatcher destination removed.","id":{{request.Id}}}""")
            : FakeReaction.Proceed;
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"));
        await WaitForReportAsync(1);
        _membership.Set(2, Members.Of("b"));
        await _kamailio.WaitForAsync(kamailio => kamailio.Requests.Count(static request => request.Method == "dispatcher.list") > 20 && _report.Last is { Revision: 1, Drift: 1 }, Deadline);

        // At once, once more, and after 1 s, 2 s, ... while a cycle is due every 100 ms.
        Assert.That(_kamailio.Requests.Count(static request => request.Method == "dispatcher.remove"), Is.LessThanOrEqualTo(5));
    }

    [Test]
    public async Task What_answers_without_sense_is_asked_ever_more_rarely()
    {
        Resync = TimeSpan.FromSeconds(1);
        _kamailio.OnRequest = static _ => FakeReaction.Malform;
        var begun = Stopwatch.GetTimestamp();
        Start();
        _membership.Set(1, Members.Of("a"));

        // After 25, 50, 100, 200 and 400 ms; a cycle that fails makes one request.
        await _kamailio.WaitForAsync(static kamailio => kamailio.Requests.Count == 6, Deadline);
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.GreaterThan(TimeSpan.FromMilliseconds(700)));

        _kamailio.OnRequest = static _ => FakeReaction.Proceed;
        await _kamailio.WaitForAsync(static kamailio => kamailio.Destinations.Count == 1, Deadline);
    }

    [Test]
    public async Task The_report_says_what_is_there()
    {
        Start();
        _membership.Set(7, Members.Of("a"), Members.Of("b", set: 2));
        await WaitForReportAsync(7);

        var report = _report.Last!;
        Assert.Multiple(() =>
        {
            Assert.That(report.Kamailio, Is.EqualTo("5.6"));
            Assert.That(report.Drift, Is.Zero);
            Assert.That(report.Sets.Keys, Is.EqualTo(new[] { 1, 2 }));
            Assert.That(report.Sets[1].Routable, Is.EqualTo(1));
        });
    }

    [Test]
    public async Task The_report_says_who_gets_no_calls_as_Kamailio_sees_it_and_since_when()
    {
        RemovalDelay = TimeSpan.FromMinutes(1);
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b"), Members.Of("c"));
        await WaitForReportAsync(1);
        _kamailio.SetFlags(1, Members.Of("a").Uri.Text, "IP");
        await _kamailio.WaitForAsync(_ => _report.Last!.Deviations.Length == 1, Deadline);
        var dead = _report.Last!.Deviations[0];
        Assert.That((dead.Kind, dead.Name, dead.Flags), Is.EqualTo(("inactive", "a", "IP")));
        Assert.That(_report.Last.Sets[1], Is.EqualTo(new SetStatus(3, 2) { Wanted = 3, Serving = 2 }));

        _membership.Set(2, Members.Of("a"), Members.Of("b"));
        await _kamailio.WaitForAsync(_ => _report.Last!.Deviations.Any(static deviation => deviation.Kind == DeviationKind.Leaving), Deadline);
        Assert.That(_report.Last.Deviations[0], Is.EqualTo(dead), "it lasts");
        var left = _report.Last.Deviations[1];
        Assert.That((left.Name, left.Flags![0]), Is.EqualTo(("c", 'D')));
        Assert.That(left.Until - left.Since, Is.EqualTo(RemovalDelay).Within(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task A_set_that_everybody_has_left_stays_in_the_report_when_nothing_is_left_of_it()
    {
        RemovalDelay = TimeSpan.Zero;
        Start();
        _membership.Set(1, Members.Of("a"), Members.Of("b", set: 7));
        await WaitForReportAsync(1);
        _membership.Set(2, Members.Of("a"));
        await _kamailio.WaitForAsync(kamailio => kamailio.Destinations.Count == 1 && _report.Last is { Revision: 2, Drift: 0 }, Deadline);

        Assert.That(_report.Last!.Sets[7], Is.EqualTo(new SetStatus(0, 0) { Wanted = 0, Serving = 0 }));
        await _routing.WaitForAsync(3040).WaitAsync(Deadline);
    }

    [Test]
    public async Task A_list_that_cannot_be_read_is_no_contact()
    {
        var isBlind = false;
        _kamailio.OnRequest = request => isBlind && request.Method == "dispatcher.list" ? FakeReaction.DropReply : FakeReaction.Proceed;
        Start();
        _membership.Set(1, Members.Of("a"));
        await WaitForReportAsync(1);
        Assert.That(_contact.Current!.Answers);

        isBlind = true;
        await _kamailio.WaitForAsync(_ => _contact.Current is { Answers: false }, Deadline);
        Assert.That(_contact.Current!.Reason, Does.Contain("longer than"));

        isBlind = false;
        await _kamailio.WaitForAsync(_ => _contact.Current is { Answers: true }, Deadline);
    }

    /// <summary>Starts at a list with four of ours in one set.</summary>
    /// <returns>What etcd has: nobody.</returns>
    private MembershipTable StartAtAListOfFour()
    {
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            _kamailio.AddForeign(1, Members.Of(name).Uri.Text, attrs: $"duid={name};kamrpc=c");
        }

        var table = new MembershipTable(new EtcdKeys("c"), TimeProvider.System);
        Before = new ListedBefore(new PlanPolicy("c"), listed =>
        {
            table.SeedListed(listed);
            _membership.Set(table.At(1));
            return true;
        });
        Start();
        return table;
    }

    private static Membership Undoubted(Membership membership) =>
        membership with { Expired = [.. membership.Expired.Select(static expired => expired with { DoubtedSince = null })] };

    private void Start()
    {
        _client = new RpcClient(
            KamailioAddress.Parse(_kamailio.Address),
            new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(250) });
        var dispatcher = new KamailioDispatcher(_client);
        var quarantine = new Quarantine(TimeProvider.System);
        var reconciler = new Reconciler(
            new OperatedSource(_membership),
            dispatcher,
            new PlanExecutor(dispatcher, new FixedGap(TimeSpan.FromMilliseconds(1), TimeProvider.System), quarantine, Guards, NullLogger<PlanExecutor>.Instance),
            quarantine,
            new PlanPolicy("c") { HasSentinel = HasSentinel },
            new CycleLog(_report, quarantine, static () => default, TimeProvider.System, _journal),
            new ReconcilerOptions { RemovalDelay = RemovalDelay, Panic = Panic, Resync = Resync, BusyRetry = TimeSpan.FromMilliseconds(100), Retry = TimeSpan.FromMilliseconds(20) },
            new SentinelWatch(dispatcher, TimeSpan.FromMilliseconds(20), TimeProvider.System),
            static () => { },
            TimeProvider.System,
            new ForeignMemory("c", static _ => null, TimeProvider.System, NullLogger<ForeignMemory>.Instance),
            observe: new RoutingLog(new PlanPolicy("c"), TimeProvider.System, _routing).Observe,
            contact: _contact,
            before: Before);
        _running = reconciler.RunAsync(_stop.Token);
    }

    private void Wish(long revision, OperatorIntents intents, params Member[] members) => _membership.Set(new Membership(revision, members, []) { Intents = intents });

    private char FlagOf(Member member) => _kamailio.Destinations.Single(entry => Spelling.First(entry.Uri) == member.Uri.Text).Flags[0];

    private Task WaitForIntentsAsync(long revision) =>
        _kamailio.WaitForAsync(_ => _report.Last?.Intents == new IntentsProgress(revision, revision), Deadline);

    private Task WaitForReportAsync(long revision) =>
        _kamailio.WaitForAsync(_ => _report.Last?.Revision == revision, Deadline);

    private sealed class ThreeAtMost : IChangeGuard
    {
        public ValueTask<Objection?> ExamineAsync(Change change, DispatcherTable table, CancellationToken cancellationToken) =>
            new(change is AddDestination && table.Destinations.Count >= 3 ? new Objection(ObjectionScope.Additions, RoomGuard.Kind, "full") : null);
    }
}
