using System.Threading.Channels;
using KamRpcDispatcher.Announce.Calls;
using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

/// <summary>Asterisk's maintenance mode, over a real connection to a manager interface that is made up.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class MaintenanceTests : IAsyncDisposable
{
    private const string Kamailio = "kamailio";
    private const int InMaintenance = 1208;
    private const int Ended = 1209;
    private const int NoMaintenance = 1210;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly Channel<AsteriskNoticeKind> _notices = Channel.CreateUnbounded<AsteriskNoticeKind>();
    private readonly LogCapture<AsteriskMonitor> _log = new();
    private readonly CancellationTokenSource _life = new();
    private readonly FakeAmi _asterisk = new() { KnowsMaintenance = true };
    private Task _run = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _asterisk.DisposeAsync();
        _life.Dispose();
    }

    [TestCase(Kamailio, Kamailio)]
    [TestCase(Kamailio, "all")]
    [TestCase(null, "all")]
    public async Task That_Kamailios_endpoint_is_in_maintenance_is_told_and_its_end_too(string? endpoint, string changed)
    {
        await StartAsync(endpoint);
        _asterisk.Send(FakeAmi.MaintenanceEvent(changed, isOn: true));
        Assert.That(await NextAsync(), Is.EqualTo(AsteriskNoticeKind.InMaintenance));
        Assert.That(await NextAsync(), Is.EqualTo(AsteriskNoticeKind.InMaintenance), "again and again, as it may have been forgotten");

        _asterisk.Send(FakeAmi.MaintenanceEvent(changed, isOn: false));
        await UntilAsync(AsteriskNoticeKind.MaintenanceEnded);

        // It is logged when the notice is given.
        Assert.That(() => (_log.Of(InMaintenance).Count, _log.Of(Ended).Count), Is.EqualTo((1, 1)).After(10_000, 10));
    }

    [TestCase(Kamailio)]
    [TestCase(null)]
    public async Task What_another_endpoint_does_is_no_concern(string? endpoint)
    {
        var monitor = await StartAsync(endpoint);
        _asterisk.Send(FakeAmi.MaintenanceEvent("phone-7", isOn: true));
        _asterisk.Send(FakeAmi.MaintenanceEvent("Kamailio", isOn: true));
        await _asterisk.WaitForRequestsAsync("Ping", 3);

        Assert.That((monitor.IsInMaintenance, _notices.Reader.TryRead(out _)), Is.EqualTo((false, false)));
    }

    [Test]
    public async Task What_was_so_before_the_connection_is_found_and_that_Asterisk_has_forgotten_it_too()
    {
        _asterisk.InMaintenance[Kamailio] = true;
        var monitor = await StartAsync(Kamailio);
        Assert.That(await NextAsync(), Is.EqualTo(AsteriskNoticeKind.InMaintenance));

        _asterisk.InMaintenance.Clear();
        _asterisk.Drop();

        await UntilAsync(AsteriskNoticeKind.MaintenanceEnded);
        Assert.That(monitor.IsInMaintenance, Is.False);
    }

    [Test]
    public async Task Where_all_were_it_ends_with_a_restart_of_Asterisk()
    {
        await StartAsync(null);
        _asterisk.Send(FakeAmi.MaintenanceEvent("all", isOn: true));
        Assert.That(await NextAsync(), Is.EqualTo(AsteriskNoticeKind.InMaintenance));

        _asterisk.Drop();

        await UntilAsync(AsteriskNoticeKind.MaintenanceEnded);
    }

    [Test]
    public async Task An_Asterisk_without_it_is_told_once_and_serves_all_else()
    {
        _asterisk.KnowsMaintenance = false;
        var monitor = await StartAsync(Kamailio);

        Assert.That((await monitor.SetMaintenanceAsync(true, default), await monitor.SetMaintenanceAsync(true, default)), Is.EqualTo((false, false)));

        Assert.That(_log.Of(NoMaintenance).Single(), Does.Contain("Asterisk refuses PJSIPShowMaintenance: Invalid/unknown command").And.Contain("20.20, 22.10 or 23.4"));
        Assert.That(await monitor.CountAsync(default), Is.Not.Null);
    }

    [Test]
    public async Task Where_nobody_asks_for_it_nobody_is_asked()
    {
        _asterisk.KnowsMaintenance = false;
        await StartAsync(null);
        await _asterisk.WaitForRequestsAsync("Ping", 1);

        Assert.That(_asterisk.Requests, Has.None.Contain("Maintenance"));
        Assert.That(_log.Of(NoMaintenance), Is.Empty);
    }

    [Test]
    public async Task It_is_set_as_long_as_there_is_a_cause_and_taken_back_after_the_last_one()
    {
        using var maintenance = new MaintenanceSwitch(await StartAsync(Kamailio));
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: false, default);
        Assert.That(Sent(), Is.Empty);

        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: true, default);
        await maintenance.SetAsync(MaintenanceCause.Stop, isThere: true, default);
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: false, default);
        Assert.That(Sent(), Is.EqualTo(new[] { "kamailio on" }));

        await maintenance.EndAsync();
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: true, default);
        Assert.That(Sent(), Is.EqualTo(new[] { "kamailio on", "kamailio off" }));
    }

    [Test]
    public async Task What_somebody_else_has_set_stays()
    {
        _asterisk.InMaintenance[Kamailio] = true;
        using var maintenance = new MaintenanceSwitch(await StartAsync(Kamailio));

        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: true, default);
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: false, default);
        await maintenance.EndAsync();

        Assert.That((Sent(), _asterisk.InMaintenance.ContainsKey(Kamailio)), Is.EqualTo((Array.Empty<string>(), true)));
    }

    [Test]
    public async Task What_could_not_be_set_is_set_the_next_time()
    {
        _asterisk.Answer = static action => action == "PJSIPSetMaintenance" ? "Response: Error\r\nActionID: #\r\nMessage: Permission denied\r\n\r\n" : null;
        using var maintenance = new MaintenanceSwitch(await StartAsync(Kamailio));
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: true, default);
        Assert.That(_log.Of(NoMaintenance).Single(), Does.Contain("Permission denied").And.Contain("write = system,reporting"));

        _asterisk.Answer = static _ => null;
        await maintenance.SetAsync(MaintenanceCause.Drain, isThere: true, default);

        Assert.That(_asterisk.InMaintenance.ContainsKey(Kamailio), Is.True);
    }

    private string[] Sent() =>
        [.. _asterisk.Requests.Where(static request => request.StartsWith("Action: PJSIPSetMaintenance", StringComparison.Ordinal)).Select(static request => request.Split('\n')).Select(static lines => $"{lines[2]["Endpoint: ".Length..]} {lines[3]["State: ".Length..]}")];

    private async Task<AsteriskMonitor> StartAsync(string? endpoint)
    {
        var monitor = new AsteriskMonitor(FakeAmiAccess.AddressOf(_asterisk), FakeAmiAccess.Credentials, endpoint, TimeProvider.System, _log);
        _run = monitor.RunAsync(notice => _notices.Writer.TryWrite(notice.Kind), _life.Token);
        Assert.That(await NextAsync(), Is.EqualTo(AsteriskNoticeKind.Connected));
        return monitor;
    }

    private async Task<AsteriskNoticeKind> NextAsync() => await _notices.Reader.ReadAsync(_life.Token).AsTask().WaitAsync(Soon);

    private async Task UntilAsync(AsteriskNoticeKind kind)
    {
        while (await NextAsync() != kind)
        {
            // It goes on with others.
        }
    }
}
