using System.Threading.Channels;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Asterisk;

[Category("Asterisk")]
public sealed class AsteriskMonitorTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [SetUp]
    public void Require()
    {
        AsteriskProgram.Require();
        RealServers.Require("sipp");
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public async Task It_counts_the_calls_that_are_up(int calls)
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.Connected));
        await using var load = calls == 0 ? null : SipLoad.Start(asterisk.Sip, calls, perSecond: 20, TimeSpan.FromSeconds(20));
        await asterisk.WaitForCallsAsync(calls);

        Assert.That(await watch.CountAsync(), Is.EqualTo(new AsteriskCount(calls, calls == 0 ? 0 : null)));
    }

    [Test]
    public async Task A_wrong_secret_is_refused()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk, "wrong");

        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.LoginRefused));
        Assert.That(await watch.CountAsync(), Is.Null);
    }

    [TestCase("core stop gracefully")]
    [TestCase("core restart gracefully")]
    public async Task A_graceful_end_is_told_while_calls_are_up_and_the_end_when_it_comes(string command)
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        await watch.NextAsync();
        await using var load = SipLoad.Start(asterisk.Sip, calls: 1, perSecond: 20, TimeSpan.FromSeconds(6));
        await asterisk.WaitForCallsAsync(1);

        asterisk.Begin(command);

        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ShuttingDown));
        Assert.That(load.IsRunning, "It was told when the call had ended only");
        Assert.That(await watch.CountAsync(), Is.Null);
        Assert.That((await load.EndAsync()).Failed, Is.Zero);
        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
    }

    [Test]
    public async Task Without_calls_it_is_told_too()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        await watch.NextAsync();

        asterisk.Begin("core stop gracefully");

        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ShuttingDown));
        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
    }

    [Test]
    public async Task The_abortion_of_a_shutdown_is_told()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        await watch.NextAsync();
        await using var load = SipLoad.Start(asterisk.Sip, calls: 1, perSecond: 20, TimeSpan.FromSeconds(20));
        await asterisk.WaitForCallsAsync(1);
        asterisk.Begin("core stop gracefully");
        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ShuttingDown));

        await asterisk.CliAsync("core abort shutdown");

        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ShutdownAborted));
        Assert.That((await watch.CountAsync())?.Calls, Is.EqualTo(1));
    }

    [Test]
    public async Task A_kill_is_told_at_once_and_a_restart_when_it_answers_SIP_again()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        await watch.NextAsync();

        // Sooner than by asking.
        asterisk.Kill();
        Assert.That(await watch.NextAsync(AsteriskMonitor.PingInterval), Is.EqualTo(AsteriskNoticeKind.ConnectionLost));

        var starting = asterisk.StartAgainAsync();
        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.Connected));
        Assert.That(await SipOptions.AskAsync(asterisk.Sip, TimeSpan.FromSeconds(1)), Is.EqualTo(200));
        await starting;
    }

    [Test]
    public async Task One_that_hangs_is_told_as_lost()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var watch = new Watch(asterisk);
        await watch.NextAsync();

        asterisk.Pause();

        Assert.That(await watch.NextAsync(), Is.EqualTo(AsteriskNoticeKind.ConnectionLost));
    }

    /// <summary>A monitor that runs.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private readonly Channel<AsteriskNotice> _notices = Channel.CreateUnbounded<AsteriskNotice>();
        private readonly CancellationTokenSource _life = new();
        private readonly AsteriskMonitor _monitor;
        private readonly Task _run;

        public Watch(AsteriskServer asterisk, string? secret = null)
        {
            if (!AmiAddress.TryParse($"127.0.0.1:{asterisk.AmiPort}", out var address, out var error))
            {
                throw new FormatException(error);
            }

            var credentials = new AmiCredentials(AsteriskServer.AmiUser, secret ?? AsteriskServer.AmiSecret);
            _monitor = new AsteriskMonitor(address, credentials, endpoint: null, TimeProvider.System, NullLogger.Instance);
            _run = _monitor.RunAsync(notice => _notices.Writer.TryWrite(notice), _life.Token);
        }

        public async Task<AsteriskNoticeKind> NextAsync(TimeSpan? patience = null) =>
            (await _notices.Reader.ReadAsync().AsTask().WaitAsync(patience ?? Soon)).Kind;

        public async Task<AsteriskCount?> CountAsync() => await _monitor.CountAsync(_life.Token);

        public async ValueTask DisposeAsync()
        {
            await _life.CancelAsync();
            await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _life.Dispose();
        }
    }
}
