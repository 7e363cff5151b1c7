using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>An announcer beside a SIP server that lives and dies, SIPp in place of Asterisk.</summary>
[Parallelizable]
public class ProbedAnnouncerTests
{
    private const string Members = "/kamrpc/default/members/";

    /// <summary>Fall x interval and a push; half a second for a machine of two processors that runs all of this.</summary>
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(2.5);

    private readonly List<ServerProcess> _announcers = [];
    private EtcdServer _etcd = null!;
    private SipServer _sip = null!;

    [SetUp]
    public async Task StartServers()
    {
        RealServers.Require("etcd", "etcdctl", "sipp");
        _etcd = await EtcdServer.StartAsync();
        _sip = await SipServer.StartAsync();
    }

    [TearDown]
    public async Task StopEverything()
    {
        foreach (var announcer in _announcers)
        {
            await announcer.DisposeAsync();
        }

        _announcers.Clear();
        await (_sip?.DisposeAsync() ?? default);
        await (_etcd?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task A_server_that_freezes_is_down_within_two_seconds_and_a_half_and_ready_when_it_goes_on()
    {
        var announcer = Announce("--name", "a", "--uri", _sip.Uri);
        await announcer.WaitForLineAsync("is ready: 200 OK", Fleet.Deadline);
        await WaitForStateAsync("1/a", "ready");

        var frozenAt = DateTimeOffset.UtcNow;
        _sip.Pause();
        var (_, reason, since) = await WaitForStateAsync("1/a", "down");

        Assert.That(since - frozenAt, Is.LessThan(Noticed));
        Assert.That(reason, Does.Contain("no answer to OPTIONS within 500ms"));
        Assert.That(since, Is.GreaterThan(frozenAt).And.LessThan(DateTimeOffset.UtcNow));

        _sip.Resume();
        await WaitForStateAsync("1/a", "ready");
    }

    [Test]
    public async Task A_server_that_dies_is_down_and_ready_again_when_it_is_back()
    {
        var announcer = Announce("--name", "a", "--uri", _sip.Uri);
        await announcer.WaitForLineAsync("is ready", Fleet.Deadline);

        var killedAt = DateTimeOffset.UtcNow;
        _sip.Kill();
        var (_, reason, since) = await WaitForStateAsync("1/a", "down");

        Assert.That(since - killedAt, Is.LessThan(Noticed));
        Assert.That(reason, Does.Contain("refused"));

        await _sip.StartAgainAsync();
        await WaitForStateAsync("1/a", "ready");
    }

    [Test]
    public async Task A_server_that_is_not_there_yet_is_announced_as_down_and_with_a_higher_rise_is_not_believed_at_once()
    {
        _sip.Kill();
        var announcer = Announce("--name", "a", "--uri", _sip.Uri, "--rise", "3", "--interval", "200ms");
        await WaitForStateAsync("1/a", "down");

        await _sip.StartAgainAsync();
        var probes = _sip.Probes;
        await WaitForStateAsync("1/a", "ready");

        Assert.That(_sip.Probes - probes, Is.GreaterThanOrEqualTo(2), "the first of three may have come before the count began");
    }

    [Test]
    public async Task One_announcer_keeps_several_URIs_in_several_sets_under_one_lease_each_in_its_own_state()
    {
        await using var other = await SipServer.StartAsync();
        var announcer = Announce("--set", "1,7", "--uri", $"a={_sip.Uri}", "--uri", $"b={other.Uri}");
        foreach (var member in new[] { "1/a", "1/b", "7/a", "7/b" })
        {
            await WaitForStateAsync(member, "ready");
        }

        other.Kill();
        await WaitForStateAsync("1/b", "down");
        await WaitForStateAsync("7/b", "down");
        Assert.That((await StateAsync("7/a")).State, Is.EqualTo("ready"));
        Assert.That(announcer.Output.Split('\n').Where(static line => line.Contains("under lease", StringComparison.Ordinal)).Select(static line => line.Split("lease ")[1]).Distinct().Count(), Is.EqualTo(1));

        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await _etcd.KeysAsync(Members), Is.Empty);
    }

    [Test]
    public async Task What_is_probed_may_be_elsewhere_than_what_is_announced()
    {
        var port = _sip.Uri.Split(':')[^1];
        Announce("--name", "a", "--ip", "lo", "--port", port, "--advertise", "203.0.113.9:15060");
        await WaitForStateAsync("1/a", "ready");
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Does.Contain("\"uri\":\"sip:203.0.113.9:15060\""));

        Announce("--name", "b", "--ip", "auto", "--advertise", "203.0.113.10", "--port", port);
        await WaitForStateAsync("1/b", "ready");
        Assert.That(await _etcd.GetAsync(Members + "1/b"), Does.Contain($"\"uri\":\"sip:203.0.113.10:{port}\""), "it is probed on the way to etcd");
    }

    [Test]
    public async Task A_command_can_say_how_the_server_is()
    {
        using var folder = new TemporaryFolder();
        Announce("--name", "a", "--uri", "sip:10.0.0.1", "--probe", $"exec:exit $(cat {folder.File("code")} || echo 1)", "--interval", "100ms");
        await WaitForStateAsync("1/a", "down");

        await File.WriteAllTextAsync(folder.File("code"), "0");
        await WaitForStateAsync("1/a", "ready");
        await File.WriteAllTextAsync(folder.File("code"), "75");
        await WaitForStateAsync("1/a", "draining");
    }

    [Test]
    public async Task A_connection_can_say_it_too()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Announce("--name", "a", "--uri", $"sip:{listener.LocalEndpoint}", "--probe", "tcp", "--interval", "200ms");
        await WaitForStateAsync("1/a", "ready");

        listener.Stop();
        Assert.That((await WaitForStateAsync("1/a", "down")).Reason, Does.Contain("refused"));
    }

    [Test]
    public async Task An_announcer_that_is_stopped_says_that_it_drains_waits_for_the_calls_and_withdraws()
    {
        using var folder = new TemporaryFolder();
        var announcer = Announce("--name", "a", "--uri", _sip.Uri, "--idle", $"exec:test -e {folder.File("idle")}");
        await WaitForStateAsync("1/a", "ready");

        announcer.Signal(UnixSignals.Terminate);
        Assert.That((await WaitForStateAsync("1/a", "draining")).Reason, Does.Contain("was asked to stop"));
        await announcer.WaitForLineAsync("Waiting for the calls", Fleet.Deadline);
        Assert.That(announcer.Exited.IsCompleted, Is.False);

        await File.WriteAllTextAsync(folder.File("idle"), string.Empty);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Is.Null);
    }

    [Test]
    public async Task A_second_signal_withdraws_at_once()
    {
        var announcer = Announce("--name", "a", "--uri", _sip.Uri, "--idle", "exec:false", "--drain-timeout", "1h");
        await WaitForStateAsync("1/a", "ready");

        announcer.Signal(UnixSignals.Terminate);
        await announcer.WaitForLineAsync("Waiting for the calls", Fleet.Deadline);
        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await _etcd.GetAsync(Members + "1/a"), Is.Null);
    }

    [Test]
    public async Task A_server_that_is_down_is_not_waited_for()
    {
        var announcer = Announce("--name", "a", "--uri", _sip.Uri, "--idle", "exec:false", "--drain-timeout", "1h");
        await WaitForStateAsync("1/a", "ready");
        _sip.Kill();
        await WaitForStateAsync("1/a", "down");

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
    }

    [Test]
    public async Task A_proxy_that_does_not_say_that_it_has_stopped_is_waited_for_and_named()
    {
        await _etcd.PutAsync("/kamrpc/default/proxies/slow", """{"revision":1,"appliedAt":"2026-01-31T12:00:00Z","kamailio":"5.6","drift":0,"sets":{}}""", leaseSeconds: 600);
        await _etcd.PutAsync("/kamrpc/default/proxies/long-gone", "{}");
        var announcer = Announce("--name", "a", "--uri", _sip.Uri, "--ack-timeout", "1s");
        await WaitForStateAsync("1/a", "ready");

        announcer.Signal(UnixSignals.Terminate);

        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(announcer.Output, Does.Contain("Not every live proxy has stopped sending calls within 1s (slow)"));
    }

    [Test]
    public async Task Whoever_starts_it_is_told_when_it_is_ready_that_it_lives_and_that_it_stops()
    {
        using var systemd = new ServiceManager();
        var announcer = Start("env", [.. systemd.Environment, KamrpcProgram.File, .. Arguments("--name", "a", "--uri", _sip.Uri, "--idle", "exec:false", "--drain-timeout", "1h")]);

        // The one is told when it is announced, the other when its state is another.
        if (!(await systemd.ToldAsync("READY=1")).Contains("STATUS=1 ready"))
        {
            await systemd.ToldAsync("STATUS=1 ready");
        }

        Assert.That(await _etcd.GetAsync(Members + "1/a"), Does.Contain(_sip.Uri), "ready is when it is announced");
        await systemd.ToldAsync("WATCHDOG=1");
        await systemd.ToldAsync("WATCHDOG=1");

        announcer.Signal(UnixSignals.Terminate);
        await systemd.ToldAsync("STOPPING=1");
        await systemd.ToldAsync("EXTEND_TIMEOUT_USEC=30000000");
        await systemd.ToldAsync("WATCHDOG=1");
    }

    [Test]
    public async Task While_etcd_hangs_whoever_started_it_is_told_since_when()
    {
        using var systemd = new ServiceManager();
        Start("env", [.. systemd.Environment, KamrpcProgram.File, .. Arguments("--name", "a", "--uri", _sip.Uri)]);
        await systemd.ToldAsync("READY=1");

        _etcd.Pause();
        var told = (await systemd.ToldAsync("STATUS=1 ready, etcd cannot be used since "))[^1];
        Assert.That(told, Does.Match(@"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: \S"));
        _etcd.Resume();
        Assert.That((await systemd.ToldAsync("STATUS=1 ready"))[^1], Is.EqualTo("STATUS=1 ready"));
    }

    [Test]
    public async Task Two_hundred_members_of_one_process_are_announced_found_again_after_a_lost_lease_and_withdrawn()
    {
        string[] uris = [.. Enumerable.Range(1, 200).SelectMany(static index => (string[])["--uri", $"m{index}=sip:10.0.1.{index}"])];
        var announcer = Announce(["--probe", "none", "--ttl", "2s", .. uris]);
        await WaitForMembersAsync(200);
        var lease = (await announcer.WaitForLineAsync("under lease", Fleet.Deadline)).Split("lease ")[1];

        await _etcd.RevokeAsync(lease);
        await announcer.WaitForLineAsync("/kamrpc/default/members/1/m1 and 199 more is gone", Fleet.Deadline);
        await WaitForMembersAsync(200);
        await _etcd.DeleteAsync(Members + "1/m77");
        await announcer.WaitForLineAsync("1/m77 was deleted by somebody else", Fleet.Deadline);
        await WaitForMembersAsync(200);

        announcer.Signal(UnixSignals.Terminate);
        Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        Assert.That(await _etcd.KeysAsync(Members), Is.Empty);
    }

    [Test]
    public async Task Of_many_keys_one_that_somebody_else_has_does_not_hold_back_the_others()
    {
        await _etcd.PutAsync(Members + "1/b", """{"uri":"sip:10.9.9.9"}""");
        var announcer = Announce("--probe", "none", "--uri", "a=sip:10.0.0.1", "--uri", "b=sip:10.0.0.2", "--uri", "c=sip:10.0.0.3");

        await WaitForStateAsync("1/a", "ready");
        await WaitForStateAsync("1/c", "ready");
        await announcer.WaitForLineAsync("1/b is held by somebody else", Fleet.Deadline);
        Assert.That(await _etcd.GetAsync(Members + "1/b"), Does.Contain("10.9.9.9"));
    }

    private string[] Arguments(params string[] options) => [.. KamrpcProgram.Prefix, "announce", "--etcd", _etcd.Endpoint, .. options];

    private ServerProcess Announce(params string[] options) => Start(KamrpcProgram.File, Arguments(options));

    private ServerProcess Start(string program, string[] arguments)
    {
        var announcer = ServerProcess.Start(program, arguments);
        _announcers.Add(announcer);
        return announcer;
    }

    private async Task<(string? State, string? Reason, DateTimeOffset Since)> StateAsync(string member)
    {
        if (await _etcd.GetAsync(Members + member) is not { } value)
        {
            return default;
        }

        var record = JsonElement.Parse(value);
        return (
            record.TryGetProperty("state", out var state) ? state.GetString() : "ready",
            record.TryGetProperty("reason", out var reason) ? reason.GetString() : null,
            record.GetProperty("since").GetDateTimeOffset());
    }

    private async Task<(string? State, string? Reason, DateTimeOffset Since)> WaitForStateAsync(string member, string wanted)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var found = await StateAsync(member);
            if (found.State == wanted)
            {
                return found;
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"{member} is {found}\n{_announcers[^1].Output}");
        }
    }

    private async Task WaitForMembersAsync(int count)
    {
        var begun = Stopwatch.GetTimestamp();
        while ((await _etcd.KeysAsync(Members)).Count != count)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }
}
