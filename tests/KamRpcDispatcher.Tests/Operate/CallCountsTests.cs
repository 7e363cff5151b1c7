using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Waiting;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operate;

/// <summary>When nothing is up any more, and when nobody knows: what is not known is never taken for no calls.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CallCountsTests
{
    private const string None = """{"calls":0,"channels":0}""";
    private static readonly MemberKey A = new(1, "a");
    private static readonly EtcdKeys Keys = new("c");
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly CallCounts _counts;
    private long _revision = 10;

    public CallCountsTests()
    {
        _counts = new CallCounts(Keys, _time);
        _counts.Replace(Listing(), wasAway: false);
    }

    private IdleMember State => _counts.StateOf([A]).Members.Single();

    [Test]
    public void Idle_is_who_has_had_no_calls_for_a_moment()
    {
        Hear(None);
        Assert.That((State.IsIdle, State.Unknown), Is.EqualTo((false, (string?)null)), "a call may be on its way");
        Pass(1);
        Hear(None);
        Assert.That(State.IsIdle, Is.False);
        Pass(1);
        Assert.That(State.IsIdle, Is.False, "since the last count time has passed, and nobody has counted");

        Hear(None);

        Assert.That((State.IsIdle, _counts.StateOf([A]).IsIdle), Is.EqualTo((true, true)));
    }

    [Test]
    public void A_call_that_comes_meanwhile_begins_the_moment_anew()
    {
        foreach (var value in new[] { None, None, """{"calls":1}""", None, None })
        {
            Hear(value);
            Pass(1);
        }

        Assert.That(State.IsIdle, Is.False);
        Hear(None);
        Assert.That(State.IsIdle, Is.True);
    }

    [Test]
    public void What_was_counted_while_calls_still_came_shows_nothing()
    {
        Hear(None);
        Pass(3);
        _counts.Begin();
        Hear(None);
        Assert.That(State.IsIdle, Is.False);
    }

    [Test]
    public void A_channel_without_a_call_is_not_nothing()
    {
        Hear("""{"calls":0,"channels":1}""");
        Pass(3);
        Hear("""{"calls":0,"channels":1}""");

        Assert.That((State.IsIdle, State.Unknown, State.Count!.ToString()), Is.EqualTo((false, (string?)null, "no calls, and 1 channel")));
    }

    [Test]
    public void A_count_that_no_other_one_followed_is_old_and_nobody_knows_how_many_there_are()
    {
        Hear(None);
        Pass(2);
        Hear(None);
        Assert.That(State.IsIdle, Is.True);

        Pass(6);
        Assert.That((State.IsIdle, State.Unknown, State.Age), Is.EqualTo((false, "its last count is old: no calls", (TimeSpan?)TimeSpan.FromSeconds(6))));

        Hear(None);
        Assert.That((State.IsIdle, State.Unknown), Is.EqualTo((false, (string?)null)), "there may have been calls in between");
    }

    [Test]
    public void What_stood_there_before_anybody_watched_may_be_of_any_age()
    {
        _counts.Replace(Listing(None), wasAway: false);
        Pass(3);
        Assert.That((State.IsIdle, State.Unknown), Is.EqualTo((false, "nobody knows how old its last count is: no calls")));

        Hear(None);
        Assert.That(State.IsIdle, Is.False, "the first one that counts");
    }

    [Test]
    public void After_an_outage_what_was_written_meanwhile_counts_and_what_was_not_does_not_become_new()
    {
        Hear("""{"calls":2}""");
        Pass(6);
        _counts.Replace(new KeyListing([Pair("""{"calls":2}""", _revision)], _revision + 5, Header(_revision + 5)), wasAway: true);
        Assert.That(State.Unknown, Is.EqualTo("its last count is old: 2 calls"));

        _revision += 5;
        _counts.Replace(Listing("""{"calls":1}"""), wasAway: true);
        Assert.That((State.Unknown, State.Count!.Calls, State.Age), Is.EqualTo(((string?)null, (int?)1, (TimeSpan?)TimeSpan.Zero)));
    }

    [Test]
    public void In_another_store_nothing_is_known()
    {
        Hear("""{"calls":2}""");
        _counts.Replace(new KeyListing([Pair(None, 20)], 21, new ResponseHeader { ClusterId = 99, Revision = 21 }), wasAway: true);

        Assert.That(State.Unknown, Does.StartWith("nobody knows how old"));
    }

    [Test]
    public void Who_tells_nothing_is_unknown()
    {
        Assert.That((State.IsIdle, State.Unknown, State.IsUncounted), Is.EqualTo((false, "its announcer tells no count", true)));
        Hear(None);
        Pass(2);
        Hear(None);

        _counts.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Delete, Kv = new Mvccpb.KeyValue { Key = ByteString.CopyFromUtf8(Keys.CallCount(A)), ModRevision = ++_revision } }]);

        Assert.That((State.IsIdle, State.IsUncounted), Is.EqualTo((false, true)));
    }

    [TestCase("""{"calls":-5}""", "its count cannot be used: calls: -5 is not from 0 to 1000000")]
    [TestCase("nonsense", "its count cannot be used: the value is not JSON")]
    [TestCase("""{"reason":"Asterisk does not say how many calls it has"}""", "Asterisk does not say how many calls it has")]
    public void What_says_nothing_of_calls_is_unknown_with_the_reason_however_often_it_is_said(string value, string reason)
    {
        for (var times = 0; times < 4; times++)
        {
            Hear(value);
            Pass(1);
        }

        Assert.That(State.IsIdle, Is.False);
        Assert.That(State.Unknown, Does.StartWith(reason));
    }

    [Test]
    public void All_of_those_who_are_waited_for_have_to_be_idle()
    {
        Hear(None);
        Pass(2);
        Hear(None);

        Assert.That(_counts.StateOf([A, new MemberKey(2, "a")]).IsIdle, Is.False);
    }

    private static ResponseHeader Header(long revision) => new() { ClusterId = 1, Revision = revision, RaftTerm = 1 };

    private static Mvccpb.KeyValue Pair(string value, long revision) => new() { Key = ByteString.CopyFromUtf8(Keys.CallCount(A)), Value = ByteString.CopyFromUtf8(value), ModRevision = revision, Lease = 7 };

    private KeyListing Listing(params string[] values)
    {
        _revision++;
        return new KeyListing([.. values.Select(value => Pair(value, _revision))], _revision, Header(_revision));
    }

    private void Hear(string value)
    {
        _counts.Apply([new Mvccpb.Event { Type = Mvccpb.Event.Types.EventType.Put, Kv = Pair(value, ++_revision) }]);
        _counts.Publish(_revision);
    }

    private void Pass(int seconds) => _time.Advance(seconds * Second);
}
