using KamailioRpc;
using KamailioRpc.Errors;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Pace;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Dispatch.Shares;
using KamRpcDispatcher.Tests.Etcd;
using KamRpcDispatcher.Tests.Operators;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Pace;

/// <summary>Over a real datagram socket; Kamailio is a stand-in.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KnownListPushTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(1);
    private static readonly Member A = Members.Of("a");
    private static readonly Member B = Members.Of("b");
    private static readonly Member C = Members.Of("c");

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly WakeSignal _wake = new();
    private readonly List<long> _followed = [];
    private readonly FakeKamailio _kamailio;
    private readonly RpcClient _client;
    private readonly RpcClient _reader;
    private readonly PlanExecutor _executor;
    private readonly KamailioDispatcher _dispatcher;
    private readonly KnownListPush _push;

    public KnownListPushTests()
    {
        var (policy, time, quarantine) = (new PlanPolicy("c"), TimeProvider.System, new Quarantine(TimeProvider.System));
        _kamailio = FakeKamailio.Start(new FakeKamailioOptions { TimeProvider = _time });
        var (address, client) = (KamailioAddress.Parse(_kamailio.Address), new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(250) });
        _client = new RpcClient(address, client);
        _reader = new RpcClient(address, client with { Timeout = Deadline });
        _dispatcher = new KamailioDispatcher(_client, _reader);
        _executor = new PlanExecutor(_dispatcher, new FixedGap(TimeSpan.FromMilliseconds(1), time), quarantine, [], NullLogger<PlanExecutor>.Instance);
        _push = new KnownListPush(
            policy,
            new CycleMemory(policy, quarantine, new ReconcilerOptions(), time),
            _executor,
            new ShareKeeper(new FakeShareTable(), policy, ShareWay.Map, static _ => { }, time, new LogCapture<ShareKeeper>()),
            new ReadingPace(TimeSpan.FromSeconds(1), time),
            _followed.Add);
        foreach (var member in new[] { A, B })
        {
            _kamailio.AddForeign(1, member.Uri.Text, attrs: $"duid={member.Key.Name};kamrpc=c");
        }
    }

    private IEnumerable<string> Changes => _kamailio.Requests.Select(static request => request.Method).Where(static method => method.StartsWith("dispatcher.", StringComparison.Ordinal) && method != "dispatcher.list");

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _reader.DisposeAsync();
        await _kamailio.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task Who_leaves_joins_and_returns_is_changed_without_a_reading_one_after_the_other()
    {
        await PlannedAsync(A, B);
        var readings = Readings();

        await PushAsync(2, A);
        Assert.That(FlagOf(B), Is.EqualTo('D'));

        await PushAsync(3, A, C);
        Assert.That(FlagOf(C), Is.EqualTo('A'));

        await PushAsync(4, A, B, C);
        Assert.That(FlagOf(B), Is.EqualTo('A'));
        Assert.That(Changes, Is.EqualTo(new[] { "dispatcher.set_state", "dispatcher.add", "dispatcher.set_state" }));
        Assert.That((Readings(), string.Join(' ', _followed)), Is.EqualTo((readings, "2 3 4")));
    }

    [Test]
    public async Task Nothing_goes_out_before_a_plan_was_made_by_what_was_read()
    {
        await _dispatcher.ReadAsync(CancellationToken.None);
        await PushAsync(2, A);
        Assert.That(Changes, Is.Empty);

        await PlannedAsync(A, B);
        _kamailio.OnRequest = static _ => FakeReaction.Refuse(500, "no");
        await Assert.ThatAsync(ReadAsync, Throws.InstanceOf<KamailioRpcException>());
        _kamailio.OnRequest = null;
        await _dispatcher.ReadAsync(CancellationToken.None);
        await PushAsync(2, A);
        Assert.That(Changes, Is.Empty);
    }

    [Test]
    public async Task Between_the_parts_of_a_cycle_whoever_leaves_is_silenced_where_the_list_is_long()
    {
        await PlannedAsync(A, B);
        var meanwhile = new Meanwhile(_dispatcher, static () => Followed(new Membership(2, [A, C], [])), _wake);
        _wake.Raise();
        await _push.PushAsync(meanwhile, CancellationToken.None);
        Assert.That(Changes, Is.Empty, "the cycle is over at once");

        FillOtherSet();
        await PlannedAsync(A, B);
        await _push.PushAsync(meanwhile, CancellationToken.None);
        Assert.That(Changes, Is.Empty, "nothing has changed");

        _wake.Raise();
        await _push.PushAsync(meanwhile with { Follow = static () => null }, CancellationToken.None);
        Assert.That(Changes, Is.Empty, "in doubt");

        await _push.PushAsync(meanwhile, CancellationToken.None);
        Assert.That(Changes, Is.EqualTo(new[] { "dispatcher.set_state" }));
        Assert.That((FlagOf(B), _wake.Raised.IsCompleted), Is.EqualTo(('D', true)));
    }

    [Test]
    public async Task While_a_long_list_is_read_whoever_leaves_is_silenced_at_once_and_whoever_joins_waits()
    {
        FillOtherSet();
        await PlannedAsync(A, B);
        var now = Followed(new Membership(2, [A], []));
        var reading = BeginToRead(() => now);
        _wake.Raise();
        await _kamailio.WaitForAsync(_ => FlagOf(B) == 'D', Deadline);
        now = Followed(new Membership(3, [A, B, C], []));
        _wake.Raise();
        await _kamailio.WaitForAsync(_ => FlagOf(B) == 'A', Deadline);
        Assert.That(reading.IsCompleted, Is.False);

        await AnsweredAsync(reading);

        Assert.That(Changes, Is.EqualTo(new[] { "dispatcher.set_state", "dispatcher.set_state" }));
        Assert.That((_wake.Raised.IsCompleted, string.Join(' ', _followed)), Is.EqualTo((true, "2 3")), "all of it is followed by the cycle after it");
        Assert.That(_executor.TakeMade(), Is.Empty, "the reading need not show it");
        Assert.That(_dispatcher.Known!.Destinations.Single(static entry => entry.Uri == B.Uri.Text).State, Is.EqualTo(ListedState.Active));

        _kamailio.OnRequest = null;
        await ReadAsync();
        Assert.That(_executor.TakeMade(), Has.Count.EqualTo(2), "the next one does");
    }

    [Test]
    public async Task A_reading_that_began_after_a_reload_was_noticed_goes_by_nothing_that_was_known_before()
    {
        FillOtherSet();
        await PlannedAsync(A, B);
        var reading = BeginToRead(static () => null);
        _wake.Raise();
        await _kamailio.WaitForAsync(static kamailio => kamailio.Requests[^1].Method == "dispatcher.list", Deadline);
        await AnsweredAsync(reading);

        Assert.That((Changes, _wake.Raised.IsCompleted), Is.EqualTo((Array.Empty<string>(), true)));
    }

    [Test]
    public async Task A_change_whose_outcome_is_unknown_ends_the_cycle_whatever_the_reading_says()
    {
        FillOtherSet();
        await PlannedAsync(A, B);
        var reading = BeginToRead(static () => Followed(new Membership(2, [A], [])), static request => request.Method == "dispatcher.set_state" ? FakeReaction.DropReply : FakeReaction.Proceed);
        _wake.Raise();
        await _kamailio.WaitForAsync(_ => FlagOf(B) == 'D', Deadline);

        await Assert.ThatAsync(() => AnsweredAsync(reading), Throws.InstanceOf<KamailioTimeoutException>());
        Assert.That(_dispatcher.Known, Is.Null);
    }

    [Test]
    public async Task Whose_record_did_not_change_is_left_to_the_next_plan()
    {
        _kamailio.AddForeign(1, C.Uri.Text, flags: "DP", attrs: "duid=c;kamrpc=c");
        await PlannedAsync(A, B, C);

        await PushAsync(2, A, C);

        Assert.That((FlagOf(B), FlagOf(C)), Is.EqualTo(('D', 'D')));
        Assert.That(Changes.Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task After_a_change_whose_outcome_is_unknown_nothing_goes_out_before_the_list_was_read()
    {
        await PlannedAsync(A, B);
        _kamailio.OnRequest = static request => request.Method == "dispatcher.set_state" ? FakeReaction.DropReply : FakeReaction.Proceed;
        await Assert.ThatAsync(() => PushAsync(2, A), Throws.InstanceOf<KamailioTimeoutException>());
        _kamailio.OnRequest = null;
        var made = Changes.Count();

        await PushAsync(3, A, B);

        Assert.That(_dispatcher.Known, Is.Null);
        Assert.That(Changes.Count(), Is.EqualTo(made));
    }

    [Test]
    public async Task Where_shares_decide_who_gets_calls_and_by_a_saved_membership_nothing_goes_out()
    {
        await PlannedAsync(A, B);
        await PushAsync(new Membership(2, [A], []) { Shares = FakeShares.Followed(2, FakeShares.Split(1, ("v1", 95), ("v2", 5))) });
        await PlannedAsync(A, B);
        await PushAsync(new Membership(3, [A with { Weight = 5 }, B with { Weight = 6 }], []));
        await PlannedAsync(A, B);
        await PushAsync(new Membership(4, [A], []) { IsFromSnapshot = true });

        Assert.That(Changes, Is.Empty);
    }

    [Test]
    public async Task Many_that_join_at_once_are_told_of_before_they_are_added()
    {
        await PlannedAsync(A, B);

        await PushAsync(2, [A, .. Enumerable.Range(0, 11).Select(static number => Members.Of($"n{number}"))]);

        Assert.That(Changes, Is.EqualTo(new[] { "dispatcher.set_state" }), "who leaves goes at once all the same");
    }

    [Test]
    public async Task A_set_whose_newcomers_wait_for_the_reading_is_not_without_anybody_until_then()
    {
        await PlannedAsync(A, B);

        await PushAsync(2, [.. Enumerable.Range(0, 11).Select(static number => Members.Of($"n{number}"))]);
        Assert.That(Changes, Is.Empty);

        await PlannedAsync(A, B);
        await PushAsync(3, C);
        Assert.That(_kamailio.Destinations.Where(static entry => entry.Flags[0] == 'A').Select(static entry => entry.Uri), Does.Contain(C.Uri.Text).Or.Contains(A.Uri.Text).Or.Contains(B.Uri.Text), "never without anybody");
    }

    private async Task PlannedAsync(params Member[] members)
    {
        _push.Planned(Followed(new Membership(1, members, [])), await ReadAsync(), isWatched: true);
        _executor.ForgetMade();
    }

    private Task<DispatcherTable> ReadAsync()
    {
        _wake.Take();
        return _push.ReadAsync(new Meanwhile(_dispatcher, static () => throw new AssertionException("nobody woke it"), _wake), CancellationToken.None);
    }

    /// <summary>Begins a reading whose answer comes when the time is set forward.</summary>
    private Task<DispatcherTable> BeginToRead(Func<CycleMembers?> follow, Func<FakeRequest, FakeReaction>? react = null)
    {
        _wake.Take();
        _kamailio.OnRequest = request => request.Method == "dispatcher.list" ? FakeReaction.LateReply(Late) : react?.Invoke(request) ?? FakeReaction.Proceed;
        return _push.ReadAsync(new Meanwhile(_dispatcher, follow, _wake), CancellationToken.None);
    }

    private async Task AnsweredAsync(Task reading)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!reading.IsCompleted)
        {
            _time.Advance(Late);
            await Task.WhenAny(reading, Task.Delay(5, deadline.Token));
            deadline.Token.ThrowIfCancellationRequested();
        }

        await reading;
    }

    /// <summary>So long that reading the list takes its time.</summary>
    private void FillOtherSet()
    {
        foreach (var port in Enumerable.Range(5000, 600))
        {
            _kamailio.AddForeign(2, FormattableString.Invariant($"sip:10.0.0.1:{port}"));
        }
    }

    private Task<TimeSpan> PushAsync(long revision, params Member[] members) => PushAsync(new Membership(revision, members, []));

    private Task<TimeSpan> PushAsync(Membership membership) => _push.PushEarlyAsync(Followed(membership), _dispatcher, Task.CompletedTask, CancellationToken.None);

    private static CycleMembers Followed(Membership membership) => new(membership, [], []);

    private int Readings() => _kamailio.Requests.Count(static request => request.Method == "dispatcher.list");

    private char FlagOf(Member member) => _kamailio.Destinations.Single(entry => entry.Uri == member.Uri.Text).Flags[0];
}
