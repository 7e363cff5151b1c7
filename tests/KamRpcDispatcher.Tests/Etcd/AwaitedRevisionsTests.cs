using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AwaitedRevisionsTests : IDisposable
{
    private static readonly EtcdKeys Keys = new("default");

    private readonly EtcdConnection _store = new(EtcdEndpoints.TryParse("http://127.0.0.1:1", out var endpoints, out _) ? endpoints : throw new InvalidOperationException(), new FakeTimeProvider());
    private readonly AwaitedRevisions _awaited;

    public AwaitedRevisionsTests() => _awaited = new AwaitedRevisions(_store, Keys, new FakeTimeProvider(), NullLogger<AwaitedRevisions>.Instance);

    public void Dispose() => _store.Dispose();

    [Test]
    public void Before_they_were_read_anything_may_be_waited_for() => Assert.That(_awaited.IsAwaited(5, 6));

    [TestCase(9, 10, ExpectedResult = true)]
    [TestCase(5, 20, ExpectedResult = true)]
    [TestCase(10, 11, ExpectedResult = false, Description = "it was told")]
    [TestCase(8, 9, ExpectedResult = false, Description = "it is not there yet")]
    public bool A_revision_is_waited_for_by_whoever_passes_it(long before, long after)
    {
        List(Wait("a", 10));
        return _awaited.IsAwaited(before, after);
    }

    [Test]
    public void Who_waits_no_more_is_forgotten_and_others_are_not()
    {
        List(Wait("a", 10));
        _awaited.Apply([Put(Wait("b", 20))]);
        _awaited.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Keys.Waits + "a") } }]);
        Assert.That((_awaited.IsAwaited(9, 10), _awaited.IsAwaited(19, 20)), Is.EqualTo((false, true)));

        List();
        Assert.That(_awaited.IsAwaited(19, 20), Is.False, "it ended while nobody watched");
    }

    [TestCase("{\"revision\":10,\"since\":\"later\"}", 7, ExpectedResult = true, Description = "a newer version may say more")]
    [TestCase("{\"revision\":10}", 0, ExpectedResult = false, Description = "without a lease it would stay for ever")]
    [TestCase("{\"revision\":\"10\"}", 7, ExpectedResult = false)]
    [TestCase("{\"revision\":-1}", 7, ExpectedResult = false)]
    [TestCase("[10]", 7, ExpectedResult = false)]
    [TestCase("{", 7, ExpectedResult = false)]
    [TestCase("", 7, ExpectedResult = false)]
    public bool What_is_no_wait_is_nobodys(string value, long lease)
    {
        List(new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Keys.Waits + "a"), Value = ByteString.CopyFromUtf8(value), Lease = lease });
        return _awaited.IsAwaited(9, 10);
    }

    [Test]
    public void Who_writes_very_many_does_not_fill_the_memory()
    {
        List([.. Enumerable.Range(1, AwaitedRevisions.MostFollowed + 1).Select(static number => Wait($"w{number:00000}", number))]);
        Assert.That((_awaited.IsAwaited(AwaitedRevisions.MostFollowed - 1, AwaitedRevisions.MostFollowed), _awaited.IsAwaited(AwaitedRevisions.MostFollowed, AwaitedRevisions.MostFollowed + 1)), Is.EqualTo((true, false)));
    }

    private static Mvccpb.KeyValue Wait(string id, long revision) =>
        new() { Key = ByteString.CopyFromUtf8(Keys.Waits + id), Value = ByteString.CopyFrom(new WaitRecord(revision).Write()), Lease = 7 };

    private static Mvccpb.Event Put(Mvccpb.KeyValue pair) => new() { Type = Mvccpb.Event.Types.EventType.Put, Kv = pair };

    private void List(params Mvccpb.KeyValue[] pairs) => _awaited.Replace(new KeyListing(pairs, 50, new ResponseHeader { Revision = 50 }), wasAway: false);
}
