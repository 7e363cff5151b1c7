using System.Diagnostics;
using System.Reflection;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Telemetry;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Telemetry;

/// <summary>What a dispatcher tells monitors is what the last cycle saw.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DispatcherMetricsTests : IDisposable
{
    private readonly TelemetryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Test]
    public void Each_member_is_in_one_state_and_a_record_that_cannot_be_used_counts_beside()
    {
        Member[] members = [.. "abcde".Select(static name => Members.Of($"{name}", uri: $"sip:10.0.0.{name - 'a' + 1}"))];
        members[1] = members[1] with { State = MemberState.Draining };
        members[2] = members[2] with { State = MemberState.Down };
        members[3] = members[3] with { State = MemberState.Draining };
        _rig.Observe(
            members,
            [TelemetryRig.Listed("sip:10.0.0.1")],
            new ChangePlan { Skips = [new Skip(SkipReason.Quarantined, 1, "sip:10.0.0.5", members[4].Key)] },
            membership => membership with { Drained = new HashSet<MemberKey> { members[3].Key }, Rejected = [new("members/1/a", "bad", true) { Member = members[0].Key }] });
        var text = _rig.Read();

        foreach (var state in (string[])["ready", "draining", "down", "drained", "quarantined", "rejected"])
        {
            Assert.That(text, Does.Contain($"kamrpc_members{{set=\"1\",state=\"{state}\"}} 1\n"));
        }

        Assert.That(text, Does.Contain("kamrpc_members{set=\"1\",state=\"held\"} 0\n").And.Contain("kamrpc_member_state{set=\"1\",member=\"d\",state=\"drained\"} 1\n"));
        Assert.That(text, Does.Contain("kamrpc_member_routable{set=\"1\",member=\"a\"} 1\n").And.Contain("kamrpc_member_routable{set=\"1\",member=\"b\"} 0\n"));
    }

    [Test]
    public void A_member_that_has_left_is_told_no_more()
    {
        _rig.Observe([Members.Of("a"), Members.Of("b")], []);
        Assert.That(_rig.Read(), Does.Contain("member=\"b\""));

        _rig.Observe([Members.Of("a")], []);
        Assert.That(_rig.Read(), Does.Contain("member=\"a\"").And.Not.Contain("member=\"b\""));
    }

    [Test]
    public void A_drain_changes_the_admin_state_of_a_destination_and_not_its_health()
    {
        _rig.Observe([], [TelemetryRig.Listed("sip:10.0.0.1"), TelemetryRig.Listed("sip:10.0.0.2", ListedState.Inactive), TelemetryRig.Listed("sip:10.0.0.3", ListedState.Disabled)]);
        Assert.That(_rig.Read(), Does.Contain(Count("enabled", "up", 1)).And.Contain(Count("enabled", "down", 1)).And.Contain(Count("disabled", "unknown", 1)).And.Contain(Count("disabled", "up", 0)));

        _rig.Observe([], [TelemetryRig.Listed("sip:10.0.0.1", ListedState.Disabled), TelemetryRig.Listed("sip:10.0.0.2", ListedState.Inactive)]);
        Assert.That(_rig.Read(), Does.Contain(Count("enabled", "up", 0)).And.Contain(Count("enabled", "down", 1)).And.Contain(Count("disabled", "up", 1)));
    }

    [Test]
    public void Shares_are_told_as_parts_of_all_calls()
    {
        _rig.Observe([], []);
        Assert.That(_rig.Read(), Does.Contain("kamrpc_share_wanted_ratio{set=\"1\",class=\"v1\"} 0.95\n").And.Contain("kamrpc_share_measured_ratio{set=\"1\",class=\"v2\"} 0.1\n")
            .And.Contain("kamrpc_member_share_measured_ratio{set=\"1\",member=\"a\",class=\"v1\"} 0.9\n"));
    }

    [Test]
    public void How_long_a_change_takes_is_told_once_it_was_pushed_and_read_back()
    {
        _rig.Latency.Heard(5);
        _rig.Latency.Heard(6);
        _rig.Clock.Advance(TimeSpan.FromMilliseconds(20));
        _rig.Latency.Planned(6, isInForce: false);
        _rig.Latency.Pushed();
        _rig.Latency.Heard(7);
        _rig.Clock.Advance(TimeSpan.FromMilliseconds(100));
        _rig.Latency.Planned(7, isInForce: true);
        _rig.Latency.Pushed();
        var text = _rig.Read();

        Assert.That(text, Does.Contain("kamrpc_change_pushed_seconds_bucket{le=\"0.01\"} 0\n").And.Contain("kamrpc_change_pushed_seconds_bucket{le=\"0.025\"} 2\n").And.Contain("kamrpc_change_pushed_seconds_count 2\n"));
        Assert.That(text, Does.Contain("kamrpc_change_in_force_seconds_bucket{le=\"0.1\"} 0\n").And.Contain("kamrpc_change_in_force_seconds_bucket{le=\"+Inf\"} 2\n"), "of what led to no push nothing is told");
    }

    [Test]
    public void Pushes_are_counted_by_kind_and_result()
    {
        _rig.Pushes.Pushed(PushKind.Disable, PushResult.Refused, TimeSpan.FromMilliseconds(3));
        var text = _rig.Read();

        Assert.That(text, Does.Contain("kamrpc_pushes_total{kind=\"disable\",result=\"refused\"} 1\n").And.Contain("kamrpc_pushes_total{kind=\"add\",result=\"done\"} 0\n"));
        Assert.That(text, Does.Contain("kamrpc_push_seconds_bucket{kind=\"disable\",le=\"0.0025\"} 0\n").And.Contain("kamrpc_push_seconds_bucket{kind=\"disable\",le=\"0.005\"} 1\n").And.Contain("kamrpc_push_seconds_sum{kind=\"disable\"} 0.003\n"));
    }

    /// <summary>Kamailio is not even there: what is told was read before.</summary>
    [Test]
    public void A_thousand_members_are_told_within_50_ms()
    {
        _rig.Observe(
            [.. Enumerable.Range(0, 1000).Select(static number => Members.Of($"asterisk-{number}", uri: $"sip:10.1.{number / 250}.{number % 250}:5060"))],
            [.. Enumerable.Range(0, 1000).Select(static number => TelemetryRig.Listed($"sip:10.1.{number / 250}.{number % 250}:5060"))]);
        var times = Enumerable.Range(0, 20).Select(_ =>
        {
            _rig.Clock.Advance(TimeSpan.FromSeconds(1));
            var begun = Stopwatch.GetTimestamp();
            var length = _rig.Read().Length;
            return (Stopwatch.GetElapsedTime(begun).TotalMilliseconds, length);
        }).OrderBy(static time => time.TotalMilliseconds).ToList();

        TestContext.Out.WriteLine($"1,000 members: median {times[10].TotalMilliseconds:0.0} ms, worst {times[^1].TotalMilliseconds:0.0} ms, {times[0].length / 1024} KB");
        Assert.That(times[10].TotalMilliseconds, Is.LessThan(50));
        Assert.That(_rig.Read().Split('\n').Count(static line => line.StartsWith("kamrpc_member", StringComparison.Ordinal)), Is.EqualTo(2000 + 7 + 1), "two lines a member, their counts, and the one that is counted");
    }

    [Test]
    public void Every_kind_of_trouble_is_told() => Assert.That(
        TroubleKind.All,
        Is.EquivalentTo(typeof(TroubleKind).GetFields(BindingFlags.Static | BindingFlags.Public).Select(static field => field.GetRawConstantValue())));

    [TestCase("10.0.0.1", true, "yes: a (sip:10.0.0.1:5070) gets calls in set 1")]
    [TestCase("10.0.0.1:5070", true, "yes: a (sip:10.0.0.1:5070) gets calls in set 1")]
    [TestCase("sip:10.0.0.1:5070;transport=udp", true, "yes: a (sip:10.0.0.1:5070) gets calls in set 1")]
    [TestCase("10.0.0.1:5060", false, "no: '10.0.0.1:5060' is no member of set 1")]
    [TestCase("sip:10.0.0.1", false, "no: 'sip:10.0.0.1' is no member of set 1")]
    [TestCase("fd00::2", true, "yes: six (sip:[fd00::2]) gets calls in set 1")]
    [TestCase("[fd00::2]:5060", true, "yes: six (sip:[fd00::2]) gets calls in set 1")]
    [TestCase("10.0.0.3", false, "no: c (sip:10.0.0.3) is a member of set 1, and gets no calls")]
    [TestCase("10.0.0.9", false, "no: '10.0.0.9' is no member of set 1")]
    [TestCase("a b", false, "no: 'a b' is neither an IP address, a host name, one of them with a port, nor a SIP URI")]
    public void An_address_is_checked_against_the_members_that_get_calls(string address, bool expected, string text)
    {
        Assert.That(_rig.Check(1, address).GetsCalls, Is.Null, "before anything was read");
        _rig.Observe(
            [Members.Of("a", uri: "sip:10.0.0.1:5070"), Members.Of("c", uri: "sip:10.0.0.3"), Members.Of("six", uri: "sip:[fd00::2]")],
            [TelemetryRig.Listed("sip:10.0.0.1:5070"), TelemetryRig.Listed("sip:10.0.0.3", ListedState.Disabled), TelemetryRig.Listed("sip:[fd00::2]"), TelemetryRig.Listed("sip:10.0.0.9")]);
        var check = _rig.Check(1, address);

        Assert.That((check.GetsCalls, check.Text), Is.EqualTo((expected, text)));
        _rig.Status = _rig.Status with { Contact = new KamailioContact(false, _rig.Clock.GetUtcNow(), "no reply") };
        Assert.That(_rig.Check(1, address).GetsCalls, Is.Null, "Kamailio does not answer");
    }

    private static string Count(string admin, string health, int count) => $"kamrpc_destinations{{set=\"1\",owner=\"kamrpc\",admin=\"{admin}\",health=\"{health}\"}} {count}\n";
}
