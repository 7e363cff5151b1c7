using System.Collections.Immutable;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Etcd.Reports.Format;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>When nothing is up any more by the dialogs of all proxies, and when nobody knows.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DialogCountsTests
{
    private static readonly MemberKey A = new(1, "a");
    private static readonly EtcdKeys Keys = new("c");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly DialogCounts _counts;
    private long _revision = 10;

    public DialogCountsTests()
    {
        _counts = new DialogCounts(Keys, _time);
        _counts.Replace(new KeyListing([], _revision, new ResponseHeader { ClusterId = 1, Revision = _revision }), wasAway: false);
        _counts.Begin();
    }

    private IdleMember? State => _counts.StateOf(A);

    [Test]
    public void Idle_is_whose_calls_have_ended_at_every_proxy_for_a_moment()
    {
        Assert.That(State, Is.Null, "nobody counts");
        Hear("p1", 2);
        Hear("p2", 1);
        Assert.That((State!.IsIdle, State.Unknown, State.Count!.ToString()), Is.EqualTo((false, (string?)null, "3 calls, as Kamailio's dialogs count them")));
        Pass(1);
        Hear("p1", 0);
        Hear("p2", 1);
        Pass(2);
        Hear("p1", 0);
        Hear("p2", 0);
        Assert.That((State!.IsIdle, State.Unknown, State.Count!.Calls), Is.EqualTo((false, (string?)null, (int?)0)), "a call may be on its way");
        Pass(2);
        Hear("p1", 0);
        Assert.That(State!.IsIdle, Is.False, "the other one has not counted since");
        Hear("p2", 0);
        Assert.That(State!.IsIdle, Is.True);

        Hear("p2", 1);
        Assert.That(State!.IsIdle, Is.False);
    }

    [Test]
    public void One_that_does_not_count_or_lately_began_to_makes_it_unknown()
    {
        Hear("p1", 0);
        Put("p2", null);
        Assert.That((State!.IsIdle, State.Unknown), Is.EqualTo((false, "Kamailio of proxy p2 does not count dialogs")));

        Hear("p2", 0, since: TimeSpan.FromMinutes(30));
        Pass(2);
        Hear("p1", 0);
        Hear("p2", 0, since: TimeSpan.FromMinutes(30));
        Assert.That((State!.IsIdle, State.Unknown), Is.EqualTo((false, "Kamailio of proxy p2 was started at 2026-01-01T11:30:02Z, and does not count calls of before")));
    }

    [Test]
    public void A_count_that_is_old_or_whose_proxy_is_gone_is_none()
    {
        Hear("p1", 0);
        Pass(2);
        Hear("p1", 0);
        Assert.That(State!.IsIdle, Is.True);
        Pass(6);
        Assert.That((State!.IsIdle, State.Unknown), Is.EqualTo((false, "the count of proxy p1 is old")));

        Hear("p1", 0);
        Assert.That((State!.IsIdle, State.Unknown), Is.EqualTo((false, (string?)null)), "there may have been calls in between");

        _counts.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Keys.Proxy("p1")), ModRevision = ++_revision } }]);
        Assert.That((State!.IsIdle, State.Unknown), Is.EqualTo((false, "the report of proxy p1 has ended, and calls may be up by it")));
    }

    [Test]
    public void A_report_that_tells_the_same_count_again_makes_it_no_newer()
    {
        var at = _time.GetUtcNow();
        Hear("p1", 0);
        for (var times = 0; times < 3; times++)
        {
            Pass(1);
            Put("p1", Counted(0, TimeSpan.FromHours(3)) with { At = at });
        }

        Assert.That((State!.IsIdle, State.Age), Is.EqualTo((false, (TimeSpan?)TimeSpan.FromSeconds(3))));
    }

    [Test]
    public void What_was_counted_while_calls_still_came_shows_nothing()
    {
        var before = _time.GetUtcNow();
        Pass(3);
        _counts.Begin();
        Put("p1", Counted(0, TimeSpan.FromHours(3)) with { At = before });
        Pass(2);
        Hear("p1", 0);

        Assert.That(State!.IsIdle, Is.False);
    }

    private DialogReport Counted(int calls, TimeSpan since) => new() { Since = _time.GetUtcNow() - since, At = _time.GetUtcNow(), Members = [new DialogCount(A, calls)] };

    private DateTimeOffset? _since;

    private void Hear(string proxy, int calls, TimeSpan? since = null)
    {
        var counted = Counted(calls, since ?? TimeSpan.FromHours(3));
        Put(proxy, since is null ? counted with { Since = _since ??= counted.Since } : counted);
    }

    private void Put(string proxy, DialogReport? dialogs)
    {
        var status = new ProxyStatus(5, _time.GetUtcNow(), "5.6", 0, ImmutableSortedDictionary<int, SetStatus>.Empty) { Dialogs = dialogs, WrittenAt = _time.GetUtcNow() };
        _counts.Apply([new Mvccpb.Event
        {
            Type = Mvccpb.Event.Types.EventType.Put,
            Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Keys.Proxy(proxy)), Value = ByteString.CopyFrom(ReportWriter.Write(status)), ModRevision = ++_revision, Lease = 7 },
        }]);
        _counts.Publish(_revision);
    }

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
