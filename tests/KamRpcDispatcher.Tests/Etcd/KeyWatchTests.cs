using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Whatever is followed below a prefix is followed in the same way.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class KeyWatchTests : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(77);

    private readonly Followed _followed = new();
    private readonly ObservedTime _time = new();
    private readonly CancellationTokenSource _stop = new();
    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;
    private Task _running = Task.CompletedTask;

    [SetUp]
    public async Task Start()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
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
    public async Task What_is_there_is_listed_and_what_happens_then_follows_in_its_order()
    {
        _etcd.Model.Put("/a/1", "one");
        _etcd.Model.Put("/b/1", "another prefix");
        Follow();
        await _followed.WaitForAsync("followed");
        _etcd.Model.Put("/a/2", "two");
        _etcd.Model.Put("/b/2", "another prefix");
        var last = _etcd.Model.Delete("/a/1");
        await _followed.WaitForAsync("changed", count: 3);

        Assert.That(_followed.All, Is.EqualTo(new[] { "listed /a/1=one", "changed", "followed", "put /a/2=two", $"published {last - 2}", "changed", "deleted /a/1", $"published {last}", "changed" }));
    }

    [Test]
    public async Task A_watch_that_broke_goes_on_where_it_was_without_another_listing()
    {
        _etcd.Model.Put("/a/1", "one");
        Follow();
        await _followed.WaitForAsync("followed");
        _etcd.BreakWatches();
        await _followed.WaitForAsync("failed Unavailable");
        var missed = _etcd.Model.Put("/a/2", "two");

        await AdvanceUntilAsync(_followed.WaitForAsync($"published {missed}"));
        Assert.That(_followed.All.Count(static what => what.StartsWith("listed", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_store_that_holds_something_else_than_was_read_is_listed_again()
    {
        _etcd.Model.Put("/a/1", "one");
        Follow();
        await _followed.WaitForAsync("followed");
        _followed.Forgets = true;
        _etcd.BreakWatches();
        await AdvanceUntilAsync(_followed.WaitForAsync("listed /a/1=one", count: 2));
        Assert.That(_followed.All, Has.Some.StartsWith("replaced"));
    }

    [Test]
    public async Task What_is_refused_is_tried_again_after_the_pause_that_is_asked_for_and_not_before()
    {
        var isAllowed = false;
        _etcd.Before = (request, _) => request is RangeRequest && !Volatile.Read(ref isAllowed) ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied")) : Task.CompletedTask;
        Follow();
        await _time.WaitForWaitAsync(Pause);
        _time.Advance(Pause - TimeSpan.FromMilliseconds(1));
        Assert.That(_followed.All, Is.EqualTo(new[] { "failed PermissionDenied" }));

        Volatile.Write(ref isAllowed, true);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await AdvanceUntilAsync(_followed.WaitForAsync("followed"), passed: 1);
        Assert.That(_followed.All.Skip(1).SkipWhile(static what => what.StartsWith("failed", StringComparison.Ordinal)), Is.EqualTo(new[] { "changed", "followed" }), "there is nothing");
    }

    /// <summary>Lets each pause pass that is made until then: on a busy machine a call may be too slow, and is repeated.</summary>
    private async Task AdvanceUntilAsync(Task reached, int passed = 0)
    {
        while (await Task.WhenAny(reached, _time.WaitForWaitAsync(Pause, passed + 1)) != reached)
        {
            passed++;
            _time.Advance(Pause);
        }

        await reached;
    }

    private void Follow() => _running = new KeyWatch(_store, "/a/", "the watch of a test", _followed, _followed, _time, NullLogger.Instance).RunAsync(() => _followed.Add("changed"), _stop.Token);

    /// <summary>Writes down what it is told.</summary>
    private sealed class Followed : IFollowedKeys, IKeyWatchLog
    {
        private readonly Milestones _milestones = new();
        private readonly List<string> _all = [];
        private readonly Dictionary<string, Mvccpb.KeyValue> _keys = [];
        private bool _isFollowed;

        public IReadOnlyList<string> All
        {
            get
            {
                lock (_all)
                {
                    return [.. _all];
                }
            }
        }

        /// <summary>Whether it knows nothing of what it was told.</summary>
        public bool Forgets { get; set; }

        public long Revision { get; private set; }

        public bool IsDoubting => false;

        public ((string Key, long Revision, ReadOnlyMemory<byte> Value)? Newest, int Count) Newest => Forgets || _keys.Count == 0 ? (null, 0) : (Of(_keys.Values.MaxBy(static pair => pair.ModRevision)!), _keys.Count);

        public async Task WaitForAsync(string what, int count = 1)
        {
            try
            {
                await _milestones.WaitUntilAsync(() => All.Count(one => one == what) >= count);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"'{what}' does not come after: {string.Join(", ", All)}");
            }
        }

        public void Add(string what)
        {
            lock (_all)
            {
                _all.Add(what);
            }

            _milestones.Passed();
        }

        public bool IsAnother(ResponseHeader header) => false;

        public void Follow(ResponseHeader header)
        {
        }

        public void Replace(KeyListing listed, bool wasAway)
        {
            (Revision, Forgets) = (listed.Revision, false);
            _keys.Clear();
            foreach (var pair in listed.Keys)
            {
                _keys[pair.Key.ToStringUtf8()] = pair;
                Add($"listed {pair.Key.ToStringUtf8()}={pair.Value.ToStringUtf8()}");
            }
        }

        public bool Hear(bool wasAway) => false;

        public void Apply(IEnumerable<Mvccpb.Event> events)
        {
            foreach (var (type, pair) in events.Select(static one => (one.Type, one.Kv)))
            {
                if (type == Mvccpb.Event.Types.EventType.Put)
                {
                    _keys[pair.Key.ToStringUtf8()] = pair;
                    Add($"put {pair.Key.ToStringUtf8()}={pair.Value.ToStringUtf8()}");
                }
                else
                {
                    _keys.Remove(pair.Key.ToStringUtf8());
                    Add($"deleted {pair.Key.ToStringUtf8()}");
                }
            }
        }

        public void Publish(long revision)
        {
            Revision = revision;
            Add($"published {revision}");
        }

        void IKeyWatchLog.Listing(int read, long all, TimeSpan elapsed)
        {
        }

        void IKeyWatchLog.Listed(int count, long revision)
        {
        }

        void IKeyWatchLog.Compacted(long wanted, long compacted) => Add("compacted");

        void IKeyWatchLog.Replaced(long known, long found) => Add($"replaced {known} by {found}");

        void IKeyWatchLog.Followed(long revision)
        {
            if (!_isFollowed)
            {
                _isFollowed = true;
                Add("followed");
            }
        }

        TimeSpan IKeyWatchLog.Failed(Exception exception)
        {
            _isFollowed = false;
            Add($"failed {(exception as RpcException)?.StatusCode}");
            return Pause;
        }

        private static (string Key, long Revision, ReadOnlyMemory<byte> Value)? Of(Mvccpb.KeyValue pair) => (pair.Key.ToStringUtf8(), pair.ModRevision, pair.Value.Memory);
    }
}
