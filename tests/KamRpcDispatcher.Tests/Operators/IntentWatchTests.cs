using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Operators;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operators;

/// <summary>Operators' intents are followed as members are, and an etcd that refuses them changes nothing else.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class IntentWatchTests : IAsyncDisposable
{
    private const int Refused = 1070;
    private const int FollowedAgain = 1071;
    private const int Rejected = 1072;
    private const int DrainsLost = 1074;
    private const string A = "/kamrpc/c/intents/1/a";
    private const string Drain = """{"drain":true,"by":"ops@host","at":"2026-01-31T12:00:00Z","reason":"kernel update"}""";

    private static readonly MemberKey Member = new(1, "a");
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    /// <summary>For how long a call, and a watch, may be silent: all other waits are pauses between tries.</summary>
    private static readonly TimeSpan[] Silences = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3)];

    private readonly LogCapture<IntentWatch> _log = new();
    private readonly ObservedTime _time = new();
    private readonly Milestones _changes = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _isRefused;
    private int _passed;
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private IntentWatch _watch = null!;
    private Task _running = Task.CompletedTask;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _etcd.Before = (request, _) => _isRefused ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied")) : Task.CompletedTask;
        _store = _etcd.Connect();
        _watch = new IntentWatch(_store, new EtcdKeys("c"), _time, _log);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task An_intent_is_in_force_at_the_revision_of_its_record_until_that_is_deleted()
    {
        Follow();
        await UntilAsync(() => _watch.Current is { ByMember.Count: 0, IsFollowed: true });

        var written = _etcd.Model.Put(A, Drain);
        await UntilAsync(() => _watch.Current!.Revision == written);
        var intent = _watch.Current!.ByMember[Member];
        Assert.That((intent.IsDrained, intent.By, intent.Reason), Is.EqualTo((true, "ops@host", "kernel update")));

        var deleted = _etcd.Model.Delete(A);
        await UntilAsync(() => _watch.Current!.Revision == deleted);
        Assert.That(_watch.Current!.ByMember, Is.Empty);
        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public async Task A_record_that_cannot_be_used_leaves_the_last_usable_one_in_force_and_is_told()
    {
        _etcd.Model.Put(A, Drain);
        _etcd.Model.Put("/kamrpc/c/intents/1/b", "rubbish");
        Follow();
        await UntilAsync(() => _watch.Current is not null);
        Assert.That(_watch.Current!.ByMember.Keys, Is.EqualTo(new[] { Member }));
        Assert.That(_watch.Current.Rejected.Single(), Has.Property("KeepsLastGood").False.And.Property("Member").EqualTo(new MemberKey(1, "b")));

        var spoiled = _etcd.Model.Put(A, """{"drain":"yes"}""");
        await UntilAsync(() => _watch.Current!.Revision == spoiled);
        Assert.That(_watch.Current!.ByMember[Member].IsDrained);
        Assert.That(_log.Of(Rejected)[1], Does.Contain(A).And.Contain("drain: neither true nor false").And.Contain("its last usable value stays in force"));

        _etcd.Model.Delete(A);
        var anew = _etcd.Model.Put(A, "rubbish");
        await UntilAsync(() => _watch.Current!.Revision == anew);
        Assert.That(_watch.Current!.ByMember, Is.Empty, "that is another wish");
    }

    [Test]
    public void A_key_that_was_deleted_and_written_again_while_nobody_watched_is_another_wish()
    {
        var state = new IntentState(new EtcdKeys("c"), _time, _log);
        state.Replace(Listing(created: 2, revision: 2, Drain), wasAway: false);
        state.Replace(Listing(created: 2, revision: 3, "rubbish"), wasAway: false);
        Assert.That(state.Current!.ByMember, Has.Count.EqualTo(1));

        state.Replace(Listing(created: 4, revision: 4, "rubbish"), wasAway: false);
        Assert.That(state.Current!.ByMember, Is.Empty);

        state.Replace(new KeyListing([], 5, new ResponseHeader { ClusterId = 1, Revision = 5 }), wasAway: false);
        Assert.That((state.Current!.Rejected.Count, state.Newest.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public void What_was_saved_is_the_last_usable_wish_of_the_same_key_in_the_same_store()
    {
        var saved = new Membership(3, [], []) { Store = new StoreIdentity(1, "http://10.0.0.5:2379"), Intents = Draining(created: 2, "a", "b") };
        Assert.That(Seeded(saved).Keys, Is.EqualTo(new[] { Member }), "and b is resumed");
        Assert.That(Seeded(saved with { Intents = Draining(created: 1, "a") }), Is.Empty, "of a key that was deleted and written again");
        Assert.That(Seeded(saved with { Intents = Draining(created: 0, "a") }), Is.Empty, "an earlier version did not save of which it is");
        Assert.That(Seeded(saved with { Store = new StoreIdentity(2, "http://10.0.0.5:2379") }), Is.Empty);
        Assert.That(Seeded(saved with { Store = null }), Is.Empty);

        IReadOnlyDictionary<MemberKey, Intent> Seeded(Membership before)
        {
            var state = new IntentState(new EtcdKeys("c"), _time, _log);
            state.Seed(before);
            Assert.That(state.Current, Is.Null);
            state.Replace(Listing(created: 2, revision: 5, "rubbish"), wasAway: false);
            Assert.That(state.Current!.Rejected.Single().KeepsLastGood, Is.EqualTo(state.Current.ByMember.Count == 1));
            return state.Current.ByMember;
        }
    }

    [Test]
    public void What_was_saved_of_a_proxy_is_the_last_usable_wish_of_the_same_key_too()
    {
        var wish = new Intent(default(MemberKey)) { IsDrained = true, CreatedRevision = 2 };
        Assert.That(Seeded(created: 2)["edge"], Is.EqualTo(wish));
        Assert.That(Seeded(created: 4), Is.Empty, "the key was deleted and written again");

        IReadOnlyDictionary<string, Intent> Seeded(long created)
        {
            var state = new IntentState(new EtcdKeys("c"), _time, _log);
            state.Seed(new Membership(3, [], []) { Store = new StoreIdentity(1, "http://10.0.0.5:2379"), Intents = Draining(created: 2) with { ByProxy = new Dictionary<string, Intent> { ["edge"] = wish } } });
            var pair = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8("/kamrpc/c/intents/proxies/edge"), Value = ByteString.CopyFromUtf8("rubbish"), CreateRevision = created, ModRevision = 5 };
            state.Replace(new KeyListing([pair], 5, new ResponseHeader { ClusterId = 1, Revision = 5 }), wasAway: false);
            return state.Current!.ByProxy;
        }
    }

    [Test]
    public void What_is_in_force_knows_the_revision_that_created_its_key()
    {
        var state = new IntentState(new EtcdKeys("c"), _time, _log);
        state.Replace(Listing(created: 2, revision: 4, Drain), wasAway: false);
        Assert.That(state.Current!.ByMember[Member].CreatedRevision, Is.EqualTo(2));
    }

    [Test]
    public void Drains_that_another_or_a_restored_store_lacks_are_told_with_the_first_names()
    {
        var state = Known();
        state.Replace(Empty(cluster: 2, revision: 9), wasAway: false);
        Assert.That(_log.Of(DrainsLost).Single(), Does.Contain("7 drains").And.Contain("(m1 of set 1, m2 of set 1, m3 of set 1, m4 of set 1, m5 of set 1 and 2 more)"));

        Known().Replace(Empty(cluster: 1, revision: 4), wasAway: false);
        Assert.That(_log.Of(DrainsLost), Has.Count.EqualTo(2), "it is behind");

        state = Known();
        state.Replaced();
        state.Replace(Empty(cluster: 1, revision: 9), wasAway: false);
        Assert.That(_log.Of(DrainsLost), Has.Count.EqualTo(3), "somebody else knows it");

        Known().Replace(Empty(cluster: 1, revision: 9), wasAway: false);
        Assert.That(_log.Of(DrainsLost), Has.Count.EqualTo(3), "they were resumed in the one that it was");

        state = new IntentState(new EtcdKeys("c"), _time, _log);
        state.Replace(Listing(created: 2, revision: 5, Drain), wasAway: false);
        state.Replace(new KeyListing(Listing(created: 1, revision: 3, Drain).Keys, 3, new ResponseHeader { ClusterId = 2, Revision = 3 }), wasAway: false);
        Assert.That(_log.Of(DrainsLost), Has.Count.EqualTo(3), "it has what the other one had");

        IntentState Known()
        {
            var known = new IntentState(new EtcdKeys("c"), _time, _log);
            var names = Enumerable.Range(1, 7).Select(static number => $"/kamrpc/c/intents/1/m{number}").Append("/kamrpc/c/intents/proxies/edge");
            known.Replace(new KeyListing([.. names.Select(static key => Pair(key, 2, 5, Drain))], 5, new ResponseHeader { ClusterId = 1, Revision = 5 }), wasAway: false);
            return known;
        }
    }

    [TestCase(2UL, 9, 1)]
    [TestCase(1UL, 2, 1)]
    [TestCase(1UL, 9, 0)]
    public void So_are_those_that_were_saved(ulong cluster, long revision, int told)
    {
        var state = new IntentState(new EtcdKeys("c"), _time, _log);
        state.Seed(new Membership(3, [], []) { Store = new StoreIdentity(1, "http://10.0.0.5:2379"), Intents = Draining(created: 2, "a") });
        state.Replace(Empty(cluster, revision), wasAway: false);
        Assert.That(_log.Of(DrainsLost), Has.Count.EqualTo(told));
    }

    [Test]
    public void Another_store_and_one_restored_from_a_backup_are_known()
    {
        var state = new IntentState(new EtcdKeys("c"), _time, _log);
        state.Replace(Listing(created: 2, revision: 5, Drain), wasAway: false);
        state.Follow(new ResponseHeader { ClusterId = 1, Revision = 9, RaftTerm = 3 });

        Assert.That(state.IsAnother(new ResponseHeader { ClusterId = 1, Revision = 5, RaftTerm = 3 }), Is.False);
        Assert.That(state.IsAnother(new ResponseHeader { ClusterId = 2, Revision = 9, RaftTerm = 3 }), "another cluster");
        Assert.That(state.IsAnother(new ResponseHeader { ClusterId = 1, Revision = 4, RaftTerm = 3 }), "it is behind");
        Assert.That(state.IsAnother(new ResponseHeader { ClusterId = 1, Revision = 9, RaftTerm = 2 }), "its leaders are counted anew");
    }

    [Test]
    public async Task One_that_is_rewritten_over_and_over_does_not_fill_the_log()
    {
        Follow();
        await UntilAsync(() => _watch.Current is not null);
        var last = 0L;
        for (var times = 0; times < 100; times++)
        {
            last = _etcd.Model.Put(A, $"rubbish {times}");
        }

        await UntilAsync(() => _watch.Current!.Revision == last);
        Assert.That(_log.Of(Rejected), Has.Count.EqualTo(7), "the first, second, fourth ... sixty-fourth time");
    }

    [Test]
    public async Task What_is_wished_of_a_proxy_is_followed_by_its_name_and_is_no_members()
    {
        const string Edge = "/kamrpc/c/intents/proxies/edge";
        _etcd.Model.Put(Edge, Drain);
        Follow();
        await UntilAsync(() => _watch.Current is not null);
        Assert.That((_watch.Current!.ByMember.Count, _watch.Current.Rejected.Count), Is.EqualTo((0, 0)));
        Assert.That((_watch.Current.ByProxy["edge"].IsDrained, _watch.Current.ByProxy["edge"].By, _watch.Current.ByProxy["edge"].Reason), Is.EqualTo((true, "ops@host", "kernel update")));

        _etcd.Model.Put(Edge, "rubbish");
        await UntilAsync(() => _watch.Current!.Rejected.Count == 1);
        Assert.That(_watch.Current!.ByProxy["edge"].IsDrained, Is.True, "the last usable one stays in force");

        _etcd.Model.Delete(Edge);
        await UntilAsync(() => _watch.Current!.ByProxy.Count == 0);
        _etcd.Model.Put("/kamrpc/c/intents/proxies/a/b", Drain);
        await UntilAsync(() => _watch.Current!.Rejected is [{ Member: null }]);
        Assert.That(_watch.Current!.ByProxy, Is.Empty);
    }

    [Test]
    public async Task What_is_wished_of_proxies_needs_no_further_listing()
    {
        _etcd.Model.Put("/kamrpc/c/intents/proxies/edge", Drain);
        Follow();
        await UntilAsync(() => _watch.Current is not null);
        Assert.That(_log.All, Is.Empty);

        var listings = 0;
        _etcd.Before = (request, _) =>
        {
            listings += request is RangeRequest { Limit: > 0 } ? 1 : 0;
            return Task.CompletedTask;
        };
        _etcd.BreakWatches();
        var written = _etcd.Model.Put(A, Drain);
        await UntilAsync(() => _watch.Current!.Revision == written);
        Assert.That(listings, Is.Zero, "it is the store that it was");
    }

    [Test]
    public async Task Where_etcd_refuses_from_the_start_that_is_told_once_and_tried_again_ever_more_slowly()
    {
        _isRefused = true;
        Follow();
        await _changes.WaitUntilAsync(() => _watch.Current is not null);
        Assert.That((_watch.Current!.IsFollowed, _watch.Current.IsRefused, _watch.Current.Revision, _watch.Current.ByMember.Count), Is.EqualTo((false, true, 0L, 0)));

        for (var tries = 1; tries <= 8; tries++)
        {
            await PauseAsync(tries);
            _time.Advance(Longest);
        }

        await PauseAsync(9);
        var pauses = Pauses(_time.Waits);
        Assert.That(pauses[0], Is.LessThan(TimeSpan.FromSeconds(0.5)));
        Assert.That(pauses.Max(), Is.InRange(TimeSpan.FromSeconds(4.5), Longest));
        Assert.That(_log.Of(Refused).Single(), Does.Contain("etcdctl role grant-permission ROLE read --prefix=true /kamrpc/c/intents/"));

        _isRefused = false;
        _etcd.Model.Put(A, Drain);
        await UntilAsync(() => _watch.Current is { IsFollowed: true, ByMember.Count: 1 });
        await _log.WaitForAsync(FollowedAgain);
        Assert.That(_log.All, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task What_is_refused_later_stays_in_force_as_it_was_and_is_not_said_to_be_followed()
    {
        var written = _etcd.Model.Put(A, Drain);
        Follow();
        await UntilAsync(() => _watch.Current is not null);
        _isRefused = true;
        _etcd.BreakWatches();
        await UntilAsync(() => _watch.Current is { IsFollowed: false });
        Assert.That((_watch.Current!.Revision, _watch.Current.ByMember.Count), Is.EqualTo((written, 1)));
        Assert.That(_log.Of(Refused), Has.Count.EqualTo(1));

        _isRefused = false;
        await UntilAsync(() => _watch.Current is { IsFollowed: true, IsRefused: false });
        await _log.WaitForAsync(FollowedAgain);
        Assert.That(_watch.Current!.ByMember, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_watch_that_is_refused_since_its_token_has_expired_is_nothing_to_tell()
    {
        var watches = 0;
        _etcd.Before = (request, _) =>
        {
            if (request is not WatchRequest)
            {
                return Task.CompletedTask;
            }

            var number = Interlocked.Increment(ref watches);
            _changes.Passed();
            return number is 2 or 4 ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied")) : Task.CompletedTask;
        };
        Follow();
        await UntilAsync(() => Volatile.Read(ref watches) == 1);
        _etcd.BreakWatches();
        await UntilAsync(() => Volatile.Read(ref watches) == 3);
        _etcd.BreakWatches();
        var written = _etcd.Model.Put(A, Drain);
        await UntilAsync(() => _watch.Current!.Revision == written);

        Assert.That((_log.All.Count, _watch.Current!.IsFollowed), Is.EqualTo((0, true)));
    }

    [Test]
    public async Task Read_once_they_are_what_is_there_or_said_not_to_be_known()
    {
        _etcd.Model.Put(A, Drain);
        var reader = new IntentReader(_store, new EtcdKeys("c"), TimeProvider.System, new LogCapture<IntentReader>());
        Assert.That(await reader.ReadAsync(CancellationToken.None), Has.Property("IsFollowed").True.And.Property("ByMember").Count.EqualTo(1));

        _isRefused = true;
        Assert.That(await reader.ReadAsync(CancellationToken.None), Has.Property("IsFollowed").False.And.Property("ByMember").Empty);
    }

    private static KeyListing Listing(long created, long revision, string value) => new([Pair(A, created, revision, value)], revision, new ResponseHeader { ClusterId = 1, Revision = revision });

    private static KeyListing Empty(ulong cluster, long revision) => new([], revision, new ResponseHeader { ClusterId = cluster, Revision = revision });

    private static Mvccpb.KeyValue Pair(string key, long created, long revision, string value) =>
        new() { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), CreateRevision = created, ModRevision = revision };

    private static OperatorIntents Draining(long created, params string[] names) => OperatorIntents.Unknown with
    {
        ByMember = FakeIntents.Draining(0, names).ByMember.ToDictionary(static pair => pair.Key, pair => pair.Value with { CreatedRevision = created }),
    };

    private void Follow() => _running = _watch.RunAsync(_changes.Passed, _stop.Token);

    private static List<TimeSpan> Pauses(IReadOnlyList<TimeSpan> waits) => [.. waits.Where(static wait => !Silences.Contains(wait))];

    private Task PauseAsync(int count) => _time.WaitForAsync(waits => Pauses(waits).Count >= count);

    /// <summary>Waits until it is so, and lets each pause pass that it makes meanwhile: on a busy machine a call may be too slow, and is repeated.</summary>
    private async Task UntilAsync(Func<bool> isReached)
    {
        var reached = _changes.WaitUntilAsync(isReached);
        while (await Task.WhenAny(reached, PauseAsync(_passed + 1)) != reached)
        {
            _passed = Pauses(_time.Waits).Count;
            _time.Advance(Longest);
        }

        await reached;
    }
}
