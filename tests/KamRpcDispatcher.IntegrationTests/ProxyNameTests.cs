using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Two Kamailios whose dispatchers have one name: each would overwrite what the other one reports.</summary>
[Parallelizable]
public sealed class ProxyNameTests
{
    private const int NotInStep = 1;
    private const int Refused = 4;
    private const string Report = "/kamrpc/default/proxies/edge";

    private TemporaryFolder _folder = null!;
    private EtcdServer _etcd = null!;
    private KamailioServer _one = null!;
    private KamailioServer _other = null!;
    private int _daemons;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        _folder = new TemporaryFolder();
        _etcd = await EtcdServer.StartAsync();
        _one = await KamailioServer.StartAsync();
        _other = await KamailioServer.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await (_other?.DisposeAsync() ?? default);
        await (_one?.DisposeAsync() ?? default);
        await (_etcd?.DisposeAsync() ?? default);
        _folder?.Dispose();
    }

    [Test]
    public async Task The_second_one_ends_after_a_lease_and_says_what_to_do_and_the_firsts_report_stays()
    {
        await using var first = await StartInStepAsync(_one);
        await using var second = await StartInStepAsync(_other);

        Assert.That(await second.Exited.WaitAsync(Fleet.Deadline * 2), Is.EqualTo(Refused), second.Output);
        Assert.That(second.Output, Does.Contain("reports under the name 'edge'").And.Contain(_one.SocketPath).And.Contain("--proxy NAME"));
        Assert.That(await _etcd.GetAsync(Report), Does.Contain(_one.SocketPath));
        Assert.That(first.Exited.IsCompleted, Is.False);
    }

    [Test]
    public async Task One_that_was_killed_has_its_report_back_at_once()
    {
        await using (var first = await StartInStepAsync(_one))
        {
            first.Kill();
            await first.Gone.WaitAsync(Fleet.Deadline);
        }

        await using var next = await StartInStepAsync(_one);
        await next.WaitForLineAsync($"Wrote {Report}", TimeSpan.FromSeconds(5));
        Assert.That(next.Output, Does.Not.Contain("There is a report of another proxy"));
    }

    [Test]
    public async Task A_second_one_that_may_not_open_Kamailios_socket_ends_at_once_and_the_firsts_report_stays()
    {
        OtherUser.RequireRoot();
        RealServers.Require("setpriv");
        await using var kamailio = await KamailioServer.StartAsync();
        await using var first = await StartInStepAsync(kamailio);
        await first.WaitForLineAsync($"Wrote {Report}", Fleet.Deadline);
        OtherUser.Give(kamailio.SocketPath);
        OtherUser.Give(kamailio.SocketPath + ".kamrpc-lock");
        File.SetUnixFileMode(kamailio.SocketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(kamailio.SocketPath + ".kamrpc-lock", UnixFileMode.UserRead | UnixFileMode.UserWrite);

        // Root that may do no more than others.
        await using var second = Start(kamailio, "setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs");
        Assert.That(await second.Exited.WaitAsync(Fleet.Deadline), Is.EqualTo(Refused), second.Output);
        Assert.That(second.Output, Does.Contain("works for this Kamailio").And.Contain($"(PID {first.Pid})").And.Contain("Permission denied"));
        Assert.That(await _etcd.GetAsync(Report), Does.Contain($"\"daemon\":\"{first.Pid}-"));
        Assert.That(first.Output, Does.Not.Contain("taken over by somebody else"));
    }

    [Test]
    public async Task A_clash_that_shows_later_is_a_finding_and_ends_nobody()
    {
        await using var first = await StartInStepAsync(_one);
        await first.WaitForLineAsync($"Wrote {Report}", Fleet.Deadline);

        // Stopped for longer than its lease: the name is free, and the second one's by right.
        first.Pause();
        await using var second = await StartInStepAsync(_other);
        await second.WaitForLineAsync($"Wrote {Report}", Fleet.Deadline);
        first.Resume();

        await WaitForClashAsync();
        var (exitCode, status, _) = await Kamrpc.RunAsync("status", "--etcd", _etcd.Endpoint);
        Assert.That(exitCode, Is.EqualTo(NotInStep));
        Assert.That(status, Does.Contain("proxy edge: name: another proxy reports under the name edge"));
        Assert.That(new[] { first, second }.Select(static daemon => daemon.Exited.IsCompleted), Is.All.False, first.Output + second.Output);
    }

    private async Task WaitForClashAsync()
    {
        for (var begun = Stopwatch.GetTimestamp(); await _etcd.GetAsync(Report) is not { } report || !report.Contains("\"kind\":\"name\"", StringComparison.Ordinal);)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }

    private async Task<ServerProcess> StartInStepAsync(KamailioServer kamailio)
    {
        var daemon = Start(kamailio);
        await daemon.WaitForLineAsync("In step with revision", Fleet.Deadline);
        return daemon;
    }

    private ServerProcess Start(KamailioServer kamailio, params string[] around)
    {
        var folder = _folder.File($"d{_daemons++}");
        string[] command = [.. around, KamrpcProgram.File];
        return ServerProcess.Start(command[0],
        [
            .. command[1..], .. KamrpcProgram.Prefix, "dispatch", "--etcd", _etcd.Endpoint, "--proxy", "edge", "--kamailio", kamailio.RpcAddress,
            "--reply-dir", folder + "/r", "--state-dir", folder + "/state",
        ]);
    }
}
