using System.Threading.Channels;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Asterisk.Ami;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AsteriskMonitorTests : IAsyncDisposable
{
    private const string ShuttingDown = "Response: Error\r\nActionID: #\r\nMessage: Asterisk is shutting down\r\n\r\n";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly Channel<AsteriskNotice> _notices = Channel.CreateUnbounded<AsteriskNotice>();
    private readonly LogCapture<AsteriskMonitor> _log = new();
    private readonly ObservedTime _time = new();
    private readonly CancellationTokenSource _life = new();
    private readonly FakeAmi _asterisk = new();
    private readonly AsteriskMonitor _monitor;
    private Task _run = Task.CompletedTask;

    public AsteriskMonitorTests() => _monitor = new AsteriskMonitor(FakeAmiAccess.AddressOf(_asterisk), FakeAmiAccess.Credentials, endpoint: null, _time, _log);

    /// <summary>The run ends by being cancelled and by nothing else.</summary>
    [TearDown]
    public async Task Stop()
    {
        await _life.CancelAsync();
        Assert.That(async () => await _run.WaitAsync(Soon), Throws.InstanceOf<OperationCanceledException>());
    }

    public async ValueTask DisposeAsync()
    {
        await _asterisk.DisposeAsync();
        _life.Dispose();
    }

    [Test]
    public async Task It_is_connected_when_Asterisk_is_booted_and_can_count_then()
    {
        _asterisk.AfterLogin = "";
        Run();
        await _asterisk.WaitForRequestsAsync("Login", 1);
        Assert.That(await _monitor.CountAsync(default), Is.Null);

        _asterisk.Send("Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n");

        Assert.That(await NextAsync(), Is.EqualTo(new AsteriskNotice(AsteriskNoticeKind.Connected)));
        Assert.That(await _monitor.CountAsync(default), Is.EqualTo(new AsteriskCount(0, 1)));
    }

    [Test]
    public async Task A_user_who_may_not_read_events_is_told_so_and_served_all_the_same()
    {
        _asterisk.AfterLogin = "";
        Run();
        await _time.WaitForWaitAsync(AsteriskMonitor.BootTime);

        _time.Advance(AsteriskMonitor.BootTime);

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.Connected));
        Assert.That(_log.Of(1206), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_graceful_shutdown_is_seen_by_asking_and_so_is_its_abortion()
    {
        Run();
        await NextAsync();
        _asterisk.Answer = static _ => ShuttingDown;
        await PingAsync(2);

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ShuttingDown));
        Assert.That(await _monitor.CountAsync(default), Is.Null);

        _asterisk.Answer = static _ => null;
        await PingAsync(4);

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ShutdownAborted));
        Assert.That((_log.Of(1201).Count, _log.Of(1202).Count), Is.EqualTo((1, 1)), "Once a change, not once a question");
    }

    [Test]
    public async Task The_event_of_a_shutdown_is_told_at_once_and_then_the_end()
    {
        Run();
        await NextAsync();

        _asterisk.Send("Event: Shutdown\r\nPrivilege: system,all\r\nShutdown: Cleanly\r\nRestart: False\r\n\r\n");
        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ShuttingDown));

        _asterisk.Drop();
        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
    }

    [Test]
    public async Task A_lost_connection_is_told_at_once_and_made_again_after_a_second()
    {
        Run();
        await NextAsync();

        _asterisk.Drop();

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
        Assert.That(await _monitor.CountAsync(default), Is.Null);
        await _time.WaitForWaitAsync(AsteriskMonitor.RetryDelay, 2); // The first was for a ping.
        _time.Advance(AsteriskMonitor.RetryDelay);
        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.Connected));
    }

    [Test]
    public async Task An_Asterisk_that_hangs_is_as_good_as_lost()
    {
        Run();
        await NextAsync();
        _asterisk.Answer = static _ => "";

        // A reply that is there already is not waited for.
        await _time.WaitForWaitAsync(AsteriskMonitor.PingInterval);
        var before = _time.Waits.Count(static wait => wait == AmiConnection.CallTime);
        await PingAsync(1);
        await _time.WaitForWaitAsync(AmiConnection.CallTime, before + 1);

        _time.Advance(AmiConnection.CallTime);

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
    }

    [Test]
    public async Task A_refused_login_is_told_once_and_tried_again_seldom()
    {
        _asterisk.Answer = static action => action == "Login" ? "Response: Error\r\nActionID: #\r\nMessage: Authentication failed\r\n\r\n" : null;
        Run();

        Assert.That(await NextAsync(), Is.EqualTo(new AsteriskNotice(AsteriskNoticeKind.LoginRefused, "Asterisk refuses Login: Authentication failed")));
        await _time.WaitForWaitAsync(AsteriskMonitor.RefusedDelay);
        _time.Advance(AsteriskMonitor.RefusedDelay);
        await _time.WaitForWaitAsync(AsteriskMonitor.RefusedDelay, 2);
        _asterisk.Answer = static _ => null;
        _time.Advance(AsteriskMonitor.RefusedDelay);

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.Connected));
        Assert.That(_log.Of(1205), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Who_asks_for_another_try_while_one_is_being_refused_gets_one()
    {
        const string Refusal = "Response: Error\r\nActionID: #\r\nMessage: Authentication failed\r\n\r\n";
        var refused = false;
        _asterisk.Answer = action =>
        {
            if (action != "Login" || refused)
            {
                return null;
            }

            // The secret was mended just now: this login was with the one of before.
            refused = true;
            _monitor.TryAgainNow();
            return Refusal;
        };
        Run();

        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.LoginRefused));
        Assert.That((await NextAsync()).Kind, Is.EqualTo(AsteriskNoticeKind.Connected));
    }

    [Test]
    public async Task An_Asterisk_that_was_never_there_is_logged_once_and_is_no_loss()
    {
        _asterisk.Greeting = "SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray();
        Run();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await _time.WaitForWaitAsync(AsteriskMonitor.RetryDelay, attempt);
            _time.Advance(AsteriskMonitor.RetryDelay);
        }

        await _time.WaitForWaitAsync(AsteriskMonitor.RetryDelay, 4);
        Assert.That(_log.Of(1204), Has.Count.EqualTo(1));
        Assert.That(_notices.Reader.TryRead(out _), Is.False);
    }

    [Test]
    public async Task A_right_to_count_that_is_missing_is_logged_once()
    {
        _asterisk.CoreStatus = "Response: Error\r\nActionID: #\r\nMessage: Permission denied\r\n\r\n";
        Run();
        await NextAsync();

        Assert.That((await _monitor.CountAsync(default), await _monitor.CountAsync(default)), Is.EqualTo(((AsteriskCount?)null, (AsteriskCount?)null)));
        Assert.That(_log.Of(1207), Has.Count.EqualTo(1));
    }

    private void Run() => _run = _monitor.RunAsync(notice => _notices.Writer.TryWrite(notice), _life.Token);

    private async Task<AsteriskNotice> NextAsync() => await _notices.Reader.ReadAsync(_life.Token).AsTask().WaitAsync(Soon);

    /// <summary>Lets it come to so many pings in all.</summary>
    private async Task PingAsync(int count)
    {
        for (var ping = _asterisk.Requests.Count(static request => request.StartsWith("Action: Ping", StringComparison.Ordinal)) + 1; ping <= count; ping++)
        {
            await _time.WaitForWaitAsync(AsteriskMonitor.PingInterval, ping);
            _time.Advance(AsteriskMonitor.PingInterval);
            await _asterisk.WaitForRequestsAsync("Ping", ping);
        }
    }
}
