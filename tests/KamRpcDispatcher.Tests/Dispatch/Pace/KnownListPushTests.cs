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
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch.Pace;

/// <summary>Over a real datagram socket; Kamailio is a stand-in.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KnownListPushTests : IAsyncDisposable
{
    private static readonly Member A = Members.Of("a");
    private static readonly Member B = Members.Of("b");
    private static readonly Member C = Members.Of("c");

    private readonly TemporaryFolder _folder = new();
    private readonly FakeKamailio _kamailio = FakeKamailio.Start();
    private readonly List<long> _followed = [];
    private readonly RpcClient _client;
    private readonly KamailioDispatcher _dispatcher;
    private readonly KnownListPush _push;

    public KnownListPushTests()
    {
        var (policy, time, quarantine) = (new PlanPolicy("c"), TimeProvider.System, new Quarantine(TimeProvider.System));
        _client = new RpcClient(KamailioAddress.Parse(_kamailio.Address), new RpcClientOptions { ReplyDirectory = _folder.File("replies"), Timeout = TimeSpan.FromMilliseconds(250) });
        _dispatcher = new KamailioDispatcher(_client);
        var executor = new PlanExecutor(_dispatcher, new FixedGap(TimeSpan.FromMilliseconds(1), time), quarantine, [], NullLogger<PlanExecutor>.Instance);
        _push = new KnownListPush(
            policy,
            new CycleMemory(policy, quarantine, new ReconcilerOptions(), time),
            executor,
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
    public async Task Nothing_goes_out_while_the_list_is_being_read_or_before_a_plan_was_made_by_it()
    {
        await _dispatcher.ReadAsync(CancellationToken.None);
        await PushAsync(2, A);
        Assert.That(Changes, Is.Empty);

        await PlannedAsync(A, B);
        _push.Reading();
        await PushAsync(2, A);
        Assert.That(Changes, Is.Empty);
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
        _push.Reading();
        _push.Planned(Followed(new Membership(1, members, [])), await _dispatcher.ReadAsync(CancellationToken.None), isWatched: true);
    }

    private Task<TimeSpan> PushAsync(long revision, params Member[] members) => PushAsync(new Membership(revision, members, []));

    private Task<TimeSpan> PushAsync(Membership membership) => _push.PushEarlyAsync(Followed(membership), _dispatcher, Task.CompletedTask, CancellationToken.None);

    private static CycleMembers Followed(Membership membership) => new(membership, [], []);

    private int Readings() => _kamailio.Requests.Count(static request => request.Method == "dispatcher.list");

    private char FlagOf(Member member) => _kamailio.Destinations.Single(entry => entry.Uri == member.Uri.Text).Flags[0];
}
