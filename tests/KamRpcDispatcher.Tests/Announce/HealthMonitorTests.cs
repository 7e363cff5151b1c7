using System.Text;
using System.Threading.Channels;
using Google.Protobuf;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Announce.Handover;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Leases;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Announce;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HealthMonitorTests : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly ProbeOutcome Alive = new(ProbeVerdict.Alive, "200 OK");
    private static readonly ProbeOutcome Dead = new(ProbeVerdict.Dead, "no answer");
    private static readonly ProbeOutcome Unknown = new(ProbeVerdict.Unknown, "no descriptors");
    private static readonly ProbeOutcome Leaving = new(ProbeVerdict.Leaving, "503");

    private static readonly Mvccpb.KeyValue Found = new() { Value = ByteString.CopyFromUtf8("""{"uri":"sip:10.0.0.1"}"""), Lease = 7, ModRevision = 5 };

    private readonly ObservedTime _time = new();
    private readonly ScriptedProbe _probe = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<MemberState?> _states = Channel.CreateUnbounded<MemberState?>();
    private readonly LogCapture<HealthMonitor> _log = new();
    private readonly LeasedRecord _record;
    private readonly HealthMonitor _watch;
    private readonly Task _running;

    public HealthMonitorTests()
    {
        _record = new LeasedRecord("key", null, static _ => false, static () => { }, new LogCapture<HealthMonitor>());
        _watch = Watch(_probe);
        _running = _watch.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _watch.Dispose();
        await _probe.DisposeAsync();
    }

    [Test]
    public async Task The_first_look_is_believed_and_written_with_its_time()
    {
        Assert.That(_record.IsDue, Is.False, "nothing is written before");
        await _probe.AnswerAsync(Alive);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready));
        Assert.That(Value(), Does.StartWith("{\"uri\":\"sip:10.0.0.1\",\"since\":\"2000-01-01T00:00:00"), "the clock's");
    }

    [Test]
    public async Task Looks_come_at_the_interval_and_at_half_of_it_while_a_change_is_in_doubt()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        await _probe.AnswerAsync(Dead);
        await _time.WaitForWaitAsync(TimeSpan.FromSeconds(0.5));
        Assert.That(_watch.State, Is.EqualTo(MemberState.Ready), "one lost packet is no death");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        await _probe.AnswerAsync(Dead);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down));
        Assert.That(Value(), Does.Contain("\"state\":\"down\",\"reason\":\"no answer\""));
    }

    [Test]
    public async Task A_probe_that_could_not_be_made_leaves_the_server_as_it_was_and_is_told()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        foreach (var outcome in new[] { Unknown, Unknown, Unknown, Unknown, Alive, Alive })
        {
            await LookAsync(outcome);
        }

        Assert.That(_watch.State, Is.EqualTo(MemberState.Ready));
        Assert.That(_states.Reader.TryRead(out _), Is.False);
        Assert.That(_log.Of(1303), Has.Count.EqualTo(4).And.All.Contains("sip:10.0.0.1 cannot be probed (no descriptors)"));
    }

    [Test]
    public async Task A_server_that_nobody_has_announced_and_that_cannot_be_probed_is_down_with_the_reason()
    {
        _record.See(null, withValue: true, lease: 0);
        await _probe.AnswerAsync(Unknown);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down));
        Assert.That(Value(), Does.Contain("\"state\":\"down\",\"reason\":\"no descriptors\""));
        Assert.That((_log.Of(1302).Count, _log.Of(1303).Count), Is.EqualTo((1, 0)), "there is no record that stays as it was");
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Who_leaves_before_the_first_look_has_ended_or_when_none_is_possible_takes_no_calls_though_an_earlier_announcer_has_said_that_it_is_ready(bool isSeenBefore)
    {
        var (record, watch) = Inheriting();
        using (watch)
        {
            if (isSeenBefore)
            {
                record.See(Found, withValue: true, lease: 0);
            }

            watch.Stop("it is asked to");
            if (!isSeenBefore)
            {
                Assert.That(record.IsSettled, Is.False, "it has to be looked what stands there");
                record.See(Found, withValue: true, lease: 0);
            }

            Assert.That(record.IsDue);
            Assert.That(record.Write().Value.ToStringUtf8(), Does.Contain("\"state\":\"draining\",\"reason\":\"it is asked to\""));
        }
    }

    [Test]
    public async Task What_an_earlier_announcer_has_written_is_kept_alive_while_the_first_look_lasts()
    {
        var (record, watch) = Inheriting();
        using (watch)
        {
            using var stop = new CancellationTokenSource();
            var running = watch.RunAsync(stop.Token);

            // The other watch waits too.
            await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1.5), 2);
            _time.Advance(TimeSpan.FromSeconds(1.5));
            await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1.5), 4);
            Assert.That(record.IsDue, Is.False, "it has not been looked yet what stands there");

            record.See(Found, withValue: true, lease: 0);
            Assert.That(record.IsDue, Is.False, "a look may end at once");
            _time.Advance(TimeSpan.FromSeconds(1.5));
            await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1.5), 6);
            Assert.That(record.Write().Value, Is.EqualTo(Found.Value));

            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [Test]
    public void What_stays_after_all_is_as_it_was_inherited()
    {
        var (record, watch) = Inheriting();
        using (watch)
        {
            record.See(Found, withValue: true, lease: 0);
            watch.Leaves("it said so");
            watch.Leaves(null);

            Assert.That(record.Write().Value, Is.EqualTo(Found.Value));
        }
    }

    [Test]
    public void Who_leaves_before_anything_was_announced_of_it_announces_nothing()
    {
        var (record, watch) = Inheriting();
        using (watch)
        {
            watch.Stop("it is asked to");
            record.See(null, withValue: true, lease: 0);

            Assert.That((record.IsDue, record.IsSettled), Is.EqualTo((false, true)));
        }
    }

    /// <summary>One of its sets is new, or another announcer has its name there.</summary>
    [Test]
    public async Task Of_a_server_that_cannot_be_probed_what_an_earlier_announcer_has_written_stays_though_it_has_not_written_all()
    {
        var inherited = new LeasedRecord("key", null, static _ => true, static () => { }, new LogCapture<HealthMonitor>());
        var other = new LeasedRecord("another", null, static _ => true, static () => { }, new LogCapture<HealthMonitor>());
        await using var probe = new ScriptedProbe();
        using var watch = Watch(probe, inherited, other);
        using var stop = new CancellationTokenSource();
        inherited.See(Found, withValue: true, lease: 0);
        other.See(null, withValue: true, lease: 0);
        var running = watch.RunAsync(stop.Token);

        await probe.AnswerAsync(Unknown);
        await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1));

        Assert.That(inherited.Write().Value, Is.EqualTo(Found.Value));
        Assert.That(other.IsDue, Is.False);
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [Test]
    public async Task What_the_program_before_it_has_found_stays_as_it_stands_until_its_own_probes_find_something_else()
    {
        var (record, watch) = Inheriting();
        using (watch)
        {
            using var stop = new CancellationTokenSource();
            record.See(new Mvccpb.KeyValue { Value = ByteString.CopyFromUtf8("""{"uri":"sip:10.0.0.1","since":"1999-12-31T00:00:00Z"}"""), Lease = 7, ModRevision = 5 }, withValue: true, lease: 7);
            watch.Adopt(new ServerHealth(Alive, MemberState.Ready, null, null, null));
            Assert.That((watch.State, record.IsWritten), Is.EqualTo(((MemberState?)MemberState.Ready, true)), "what stands there is what it would write");
            var running = watch.RunAsync(stop.Token);

            await _probe.AnswerAsync(Unknown);
            watch.ProbeNow();
            await _probe.AnswerAsync(Dead);
            Assert.That(record.IsDue, Is.False, "one bad answer is none");
            watch.ProbeNow();
            await _probe.AnswerAsync(Dead);

            Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down));
            Assert.That(record.IsDue);
            await stop.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [Test]
    public async Task A_hint_makes_it_look_at_once()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        await _time.WaitForWaitAsync(TimeSpan.FromSeconds(1));

        _watch.ProbeNow();

        await _probe.AnswerAsync(Leaving);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
    }

    [Test]
    public async Task What_says_by_another_way_that_it_leaves_is_draining_though_the_probe_finds_it_alive_until_it_is_dead()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.Leaves("it said so");
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
        Assert.That(Value(), Does.Contain("it said so"));

        await LookAsync(Alive);
        await LookAsync(Dead);
        await LookAsync(Dead);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down), "and nothing in between");
        await LookAsync(Alive);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready), "another life");
    }

    [Test]
    public async Task An_Asterisk_in_maintenance_is_draining_until_that_ends_and_after_a_moment_in_which_it_was_dead_too()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        var asterisk = new AsteriskWatch(null!, [_watch]);
        asterisk.Notice(new AsteriskNotice(AsteriskNoticeKind.InMaintenance));
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
        Assert.That(Value(), Does.Contain("Asterisk is in maintenance mode, as it says over AMI"));

        await LookAsync(Dead);
        await LookAsync(Dead);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down));
        asterisk.Notice(new AsteriskNotice(AsteriskNoticeKind.InMaintenance));
        await LookAsync(Alive);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));

        asterisk.Notice(new AsteriskNotice(AsteriskNoticeKind.MaintenanceEnded));
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready));
    }

    [Test]
    public async Task A_shutdown_in_maintenance_is_a_shutdown_and_the_end_of_that_is_not_the_end_of_maintenance()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.Maintains("maintenance");
        await NextAsync();
        _watch.Leaves("it shuts down");
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
        Assert.That(Value(), Does.Contain("it shuts down"));

        _watch.Leaves(null);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
        Assert.That(Value(), Does.Contain("maintenance"));
    }

    [Test]
    public async Task What_takes_back_that_it_leaves_is_ready()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.Leaves("it said so");
        await NextAsync();
        _watch.Leaves(null);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready));
    }

    [Test]
    public async Task What_is_stopped_stays_draining_and_what_dies_meanwhile_is_down()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.Stop("asked to");
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
        await LookAsync(Dead);
        await LookAsync(Dead);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Down));
        await LookAsync(Alive);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
    }

    [Test]
    public async Task What_is_stopped_before_the_first_look_is_written_with_it()
    {
        _watch.Stop("asked to");
        Assert.That(_record.IsDue, Is.False);
        await _probe.AnswerAsync(Alive);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
    }

    [Test]
    public async Task A_probe_that_does_not_come_back_is_overdue()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.ProbeNow();
        var look = await _probe.LookAsync();
        Assert.That(_watch.Heartbeat.IsOverdue, Is.False);

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(_watch.Heartbeat.IsOverdue, Is.True);
        look.SetResult(Alive);
    }

    [Test]
    public async Task A_probe_may_take_as_long_as_it_was_given()
    {
        _probe.Timeout = TimeSpan.FromMinutes(5);
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        _watch.ProbeNow();
        var look = await _probe.LookAsync();

        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_watch.Heartbeat.IsOverdue, Is.False);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.That(_watch.Heartbeat.IsOverdue, Is.True);
        look.SetResult(Alive);
    }

    [TestCase(AsteriskNoticeKind.LoginRefused, MemberState.Draining)]
    [TestCase(AsteriskNoticeKind.ConnectionLost, MemberState.Draining)]
    [TestCase(AsteriskNoticeKind.Connected, MemberState.Ready)]
    [TestCase(AsteriskNoticeKind.ShutdownAborted, MemberState.Ready)]
    public async Task What_says_nothing_of_an_Asterisk_that_shuts_down_leaves_it_draining(AsteriskNoticeKind kind, MemberState expected)
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        var asterisk = new AsteriskWatch(null!, [_watch]);
        asterisk.Notice(new AsteriskNotice(AsteriskNoticeKind.ShuttingDown));
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));

        asterisk.Notice(new AsteriskNotice(kind, "why"));
        await _probe.AnswerAsync(Alive);

        Assert.That(_watch.State, Is.EqualTo(expected));
    }

    [Test]
    public async Task A_probe_that_breaks_says_nothing_of_the_server_and_is_made_again()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        for (var times = 1; times <= 3; times++)
        {
            _watch.ProbeNow();
            (await _probe.LookAsync()).SetException(new InvalidOperationException("broken"));
            await _time.WaitForWaitAsync(Backoff.Shortest * Math.Pow(2, times - 1));
            _time.Advance(Backoff.Longest);
        }

        Assert.That(_watch.State, Is.EqualTo(MemberState.Ready));
        await _probe.AnswerAsync(Leaving);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Draining));
    }

    [Test]
    public async Task Of_a_server_that_flaps_some_changes_are_logged_and_in_the_end_how_it_is()
    {
        await _probe.AnswerAsync(Alive);
        await NextAsync();
        for (var times = 0; times < 100; times++)
        {
            _watch.Leaves("it shuts down");
            _watch.Leaves(null);
        }

        _watch.Leaves("it shuts down");
        Assert.That(_log.All, Has.Count.EqualTo(20));

        _time.Advance(LogLimit.Interval);
        await _probe.AnswerAsync(Alive);
        await _log.WaitForAsync(1301, 11);
        Assert.That(_log.All[^1], Does.Contain("is draining: it shuts down"));
    }

    [Test]
    public async Task Without_a_probe_it_is_ready_and_never_overdue()
    {
        using var watch = Watch(null);
        _ = watch.RunAsync(_stop.Token);

        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.That(watch.Heartbeat.IsOverdue, Is.False);
    }

    [Test]
    public async Task Its_record_says_that_calls_are_counted_where_Asterisk_can_be_asked()
    {
        using var watch = Watch(null, new AsteriskAccess(AmiAddress.Default, new AmiCredentials("kamrpc", "secret")));
        _ = watch.RunAsync(_stop.Token);
        Assert.That(await NextAsync(), Is.EqualTo(MemberState.Ready));
        Assert.That(Value(), Does.StartWith("{\"uri\":\"sip:10.0.0.1\",\"countsCalls\":true,\"since\":"));
    }

    /// <summary>A watch that has not begun, of a record that may be taken over.</summary>
    private (LeasedRecord Record, HealthMonitor Watch) Inheriting()
    {
        var record = new LeasedRecord("key", null, static _ => true, static () => { }, new LogCapture<HealthMonitor>());
        return (record, Watch(_probe, record));
    }

    private HealthMonitor Watch(IProbe? probe, params LeasedRecord[] records) => Watch(probe, null, records);

    private HealthMonitor Watch(IProbe? probe, AsteriskAccess? asterisk, params LeasedRecord[] records)
    {
        HealthMonitor? watch = null;
        var server = new ProbedServer(probe, [.. records.DefaultIfEmpty().Select(static (_, index) => new Member(new MemberKey(1 + index, "a"), SipUri.Parse("sip:10.0.0.1")))]);
        var endpoints = EtcdEndpoints.TryParse(EtcdEndpoints.Default, out var parsed, out _) ? parsed : throw new InvalidOperationException();
        var options = new AnnouncerOptions(new EtcdOptions(endpoints), "default", [server]) { Asterisk = asterisk };
        return watch = new HealthMonitor(server, records is [] ? [_record] : records, options, () => _states.Writer.TryWrite(watch!.State), new LogLimit(_time), _time, _log);
    }

    private async Task LookAsync(ProbeOutcome outcome)
    {
        _watch.ProbeNow();
        await _probe.AnswerAsync(outcome);
    }

    private Task<MemberState?> NextAsync() => _states.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

    private string Value() => Encoding.UTF8.GetString(_record.Write().Value.Span);

    /// <summary>Answers each look with what the test says, when it says it.</summary>
    private sealed class ScriptedProbe : IProbe
    {
        private readonly Channel<TaskCompletionSource<ProbeOutcome>> _looks = Channel.CreateUnbounded<TaskCompletionSource<ProbeOutcome>>();

        public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(0.5);

        public Task<ProbeOutcome> ProbeAsync(CancellationToken cancellationToken)
        {
            var look = new TaskCompletionSource<ProbeOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
            _looks.Writer.TryWrite(look);
            return look.Task.WaitAsync(cancellationToken);
        }

        /// <summary>The next look, which has begun.</summary>
        public Task<TaskCompletionSource<ProbeOutcome>> LookAsync() => _looks.Reader.ReadAsync().AsTask().WaitAsync(Deadline);

        public async Task AnswerAsync(ProbeOutcome outcome) => (await LookAsync()).SetResult(outcome);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
