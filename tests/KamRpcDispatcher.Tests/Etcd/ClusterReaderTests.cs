using Etcdserverpb;
using Grpc.Core;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>A cluster as it is read from etcd: members, what operators wish of them, and proxies.</summary>
public sealed class ClusterReaderTests
{
    private static readonly EtcdKeys Keys = new("default");

    private FakeEtcd _etcd = null!;
    private EtcdConnection _store = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _etcd = await FakeEtcd.StartAsync();
        _store = _etcd.Connect();
        Put(Keys.Members + "1/a", """{"uri":"sip:10.0.0.1"}""");
        Put(Keys.Members + "1/b", """{"uri":"sip:10.0.0.2"}""");
    }

    [TearDown]
    public async Task StopAsync()
    {
        _store?.Dispose();
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task What_an_operator_wishes_of_a_member_stands_with_it_and_of_one_that_is_not_announced_by_itself()
    {
        var drained = Put(Keys.Intents + "1/b", """{"drain":true,"by":"ops@h1","at":"2026-01-31T12:00:00Z","reason":"kernel update"}""");
        var absent = Put(Keys.Intents + "7/z", """{"drain":true,"weight":20,"of-a-newer-version":{}}""");

        var view = await ReadAsync();

        Assert.That(view.Members.Select(static member => (member.Member.Key.Name, member.Effective, member.IntentRevision)), Is.EqualTo(new[] { ("a", MemberState.Ready, 0L), ("b", MemberState.Draining, drained) }));
        Assert.That((view.Members[1].Member.State, view.Members[1].Intent!.By, view.Members[1].Intent!.Reason), Is.EqualTo((MemberState.Ready, "ops@h1", "kernel update")));
        Assert.That(view.IntentsNotAnnounced.Select(static stored => (stored.Intent.Key, stored.Intent.Weight, stored.ModRevision)), Is.EqualTo(new[] { (new MemberKey(7, "z"), (int?)20, absent) }));
        Assert.That((view.IntentRevision, view.IntentsRefused, view.RejectedIntents.Count), Is.EqualTo((absent, (string?)null, 0)));
    }

    [Test]
    public async Task Whoever_a_split_gives_no_share_is_idle_unless_nobody_who_is_ready_has_one()
    {
        Put(Keys.Members + "1/a", """{"uri":"sip:10.0.0.1","labels":{"version":"v1"}}""");
        Put(Keys.Members + "1/c", """{"uri":"sip:10.0.0.3","labels":{"version":"v2"},"state":"down"}""");
        Put(Keys.Members + "2/d", """{"uri":"sip:10.0.0.4"}""");
        Put(Keys.Splits + "north", "{}");
        Put(Keys.Splits + "2", """{"label":"version"}""");
        Put(Keys.Splits + "1", """{"label":"version","shares":{"v1":100,"v2":0}}""");
        Assert.That((await ReadAsync()).Members.Where(static member => member.IsIdle).Select(static member => (member.Member.Key.Name, member.Effective)), Is.EqualTo(new[] { ("b", MemberState.Draining) }));

        Put(Keys.Intents + "1/a", """{"drain":true}""");
        Assert.That((await ReadAsync()).Members.Where(static member => member.IsIdle), Is.Empty, "whoever has a share is drained, and the others serve");
        Put(Keys.Intents + "1/a", """{"weight":10}""");

        Put(Keys.Splits + "1", """{"label":"version","shares":{"v1":0,"v2":100}}""");
        Assert.That((await ReadAsync()).Members.Where(static member => member.IsIdle), Is.Empty);
    }

    [Test]
    public async Task A_split_that_cannot_be_used_is_told_with_the_reason()
    {
        Put(Keys.Splits + "1", """{"label":"version","shares":{"v1":95,"v2":6}}""");
        Put(Keys.Splits + "2", """{"label":"version","shares":{"v1":95,"v2":5}}""");
        Put(Keys.Splits + "north", "{}");

        var rejected = (await ReadAsync()).RejectedIntents;

        Assert.That(rejected.Select(static record => record.Key), Is.EqualTo(new[] { Keys.Splits + "1", Keys.Splits + "north" }));
        Assert.That(rejected[0].Reason, Does.Contain("101"));
    }

    [Test]
    public async Task The_calls_of_who_is_drained_are_read_and_those_of_others_are_not()
    {
        Put(Keys.Calls + "1/b", """{"calls":3}""");
        Put(Keys.Calls + "1/a", """{"calls":"none"}""");
        Put(Keys.Calls + "north/b", "{}");
        Assert.That((await ReadAsync()).CallCounts, Is.Empty, "nobody is drained, so that these are left over");

        Put(Keys.Intents + "1/b", """{"drain":true}""");

        var counts = (await ReadAsync()).CallCounts;
        Assert.That(counts.Keys, Is.EquivalentTo(new[] { new MemberKey(1, "a"), new MemberKey(1, "b") }));
        Assert.That(counts[new MemberKey(1, "b")].Count!.Calls, Is.EqualTo(3));
        Assert.That((counts[new MemberKey(1, "a")].Count, counts[new MemberKey(1, "a")].Error), Is.EqualTo(((KamRpcDispatcher.Sources.Records.CallCount?)null, "calls: '\"none\"' is not a whole number")));
    }

    [Test]
    public async Task One_that_cannot_be_used_is_kept_with_its_key_and_the_reason_and_one_of_a_proxy_is_no_members()
    {
        Put(Keys.Intents + "1/a", """{"drain":"yes"}""");
        var newest = Put(Keys.Intents + "north/a", """{"drain":true}""");
        Put(Keys.Intents + "proxies/p1", """{"drain":true}""");
        Put(Keys.Intents + "proxies/p2", "rubbish");

        var view = await ReadAsync();

        Assert.That(view.Intents, Is.Empty);
        Assert.That(view.ProxyIntents.Select(static one => (one.Key, one.Value.Intent.IsDrained)), Is.EqualTo(new[] { ("p1", true) }));
        Assert.That(view.RejectedIntents[^1].Proxy, Is.EqualTo("p2"));
        Assert.That(view.RejectedIntents.Select(static record => (record.Key, record.Member)), Is.EqualTo(new[] { ("/kamrpc/default/intents/1/a", (MemberKey?)new MemberKey(1, "a")), ("/kamrpc/default/intents/north/a", null), ("/kamrpc/default/intents/proxies/p2", null) }));
        Assert.That(view.RejectedIntents[0].Reason, Is.EqualTo("drain: neither true nor false"));
        Assert.That(view.IntentRevision, Is.EqualTo(newest));
        Assert.That(view.Rejected, Is.Empty, "no member's");
    }

    [Test]
    public async Task A_role_that_may_not_read_them_sees_all_else()
    {
        Put(Keys.Intents + "1/b", """{"drain":true}""");
        _etcd.Before = static (request, _) => request is RangeRequest range && range.Key.ToStringUtf8() == Keys.Intents
            ? throw new RpcException(new Status(StatusCode.PermissionDenied, "etcdserver: permission denied"))
            : Task.CompletedTask;

        var view = await ReadAsync();

        Assert.That(view.IntentsRefused, Does.StartWith($"permission denied: its role needs read on the prefix {Keys.Intents};"));
        Assert.That((view.Members.Count, view.Intents.Count, view.IntentRevision), Is.EqualTo((2, 0, 0L)));
    }

    [Test]
    public void An_etcd_that_does_not_answer_is_no_refusal()
    {
        _etcd.Before = static (request, _) => request is RangeRequest range && range.Key.ToStringUtf8() == Keys.Intents ? throw new RpcException(new Status(StatusCode.Unavailable, "no leader")) : Task.CompletedTask;

        Assert.That(() => ReadAsync(), Throws.TypeOf<EtcdUnreachableException>());
    }

    [Test]
    public async Task A_report_tells_how_far_a_proxy_is_with_them()
    {
        const string Report = """{"revision":5,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{},"applies":["members","intents"],"intents":{"revision":8,"silenced":9}}""";
        Put(Keys.Proxies + "p1", Report);
        Put(Keys.Proxies + "p2", Report.Replace(",\"silenced\":9", string.Empty, StringComparison.Ordinal));
        Put(Keys.Proxies + "p3", Report.Replace("\"revision\":8", "\"revision\":-8", StringComparison.Ordinal));
        Put(Keys.Proxies + "p4", Report.Replace(",\"intents\"]", "]", StringComparison.Ordinal));

        var proxies = (await ReadAsync()).Proxies;

        Assert.That(proxies.Select(static proxy => proxy.Status?.Intents), Is.EqualTo(new IntentsProgress?[] { new(8, 9), new(8, null), null, new(8, 9) }));
        Assert.That(proxies[2].Error, Does.Contain("revision is not a whole number"));
        Assert.That(proxies.Select(static proxy => proxy.Status?.FollowsIntents), Is.EqualTo(new bool?[] { true, true, null, false }));
    }

    private Task<ClusterView> ReadAsync() => new ClusterReader(_store, Keys, TimeProvider.System).ReadAsync(CancellationToken.None);

    private long Put(string key, string value) => _etcd.Model.Put(key, value);
}
