using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc dispatch</c> as a service of systemd's.</summary>
[Parallelizable]
public class DispatchServiceTests
{
    [Test]
    public async Task Systemd_is_told_when_it_is_in_step_what_it_waits_for_that_it_lives_and_that_it_stops()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        using var systemd = new ServiceManager();
        using var folder = new TemporaryFolder();
        await using var dispatcher = Start(systemd, folder, etcd.Endpoint, kamailio.RpcAddress);

        var before = await systemd.ToldAsync("READY=1");
        Assert.That(before, Has.Some.StartsWith("STATUS=In step with revision "), "ready is when it is in step");
        await systemd.ToldAsync("WATCHDOG=1");

        kamailio.Kill();
        await systemd.ToldAsync("STATUS=Kamailio cannot be used since ");
        await kamailio.StartAgainAsync();
        await systemd.ToldAsync("STATUS=In step with revision ");

        dispatcher.Signal(UnixSignals.Hangup);
        await dispatcher.WaitForLineAsync("SIGHUP: certificates and passwords are read again", Fleet.Deadline);
        dispatcher.Signal(UnixSignals.User2);
        await dispatcher.WaitForLineAsync("SIGUSR2: only 'kamrpc announce' has another program take its place", Fleet.Deadline);
        systemd.Forget();
        await systemd.ToldAsync("WATCHDOG=1");
        await systemd.ToldAsync("WATCHDOG=1");

        dispatcher.Signal(UnixSignals.Terminate);
        await systemd.ToldAsync("STOPPING=1");
        Assert.That(await dispatcher.Exited.WaitAsync(Fleet.Deadline), Is.Zero, dispatcher.Output);
    }

    [Test]
    public async Task While_etcd_hangs_systemd_is_told_since_when_and_when_that_is_over()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        using var systemd = new ServiceManager();
        using var folder = new TemporaryFolder();
        await using var dispatcher = Start(systemd, folder, etcd.Endpoint, kamailio.RpcAddress);
        await systemd.ToldAsync("STATUS=In step with revision ");

        etcd.Pause();
        var told = (await systemd.ToldAsync("STATUS=etcd cannot be followed since "))[^1];
        Assert.That(told, Does.Contain(" UTC (").And.Contain("going by what it held then. In step with revision "));
        etcd.Resume();
        await systemd.ToldAsync("STATUS=In step with revision ");
    }

    [Test]
    public async Task Without_etcd_and_without_Kamailio_it_is_running_all_the_same_and_says_what_it_waits_for()
    {
        using var systemd = new ServiceManager();
        using var folder = new TemporaryFolder();
        await using var dispatcher = Start(systemd, folder, $"http://127.0.0.1:{RealServers.FreePort()}", "jsonrpc+unix:" + folder.File("none.sock"));

        Assert.That(await systemd.ToldAsync("READY=1"), Has.Some.StartsWith("STATUS=Waiting for the membership from etcd"));
        await systemd.ToldAsync("WATCHDOG=1");
    }

    [Test]
    public async Task A_Kamailio_that_is_looked_for_keeps_nobody_waiting()
    {
        using var systemd = new ServiceManager();
        using var folder = new TemporaryFolder();
        await using var dispatcher = Start(systemd, folder, $"http://127.0.0.1:{RealServers.FreePort()}", "auto:" + folder.Path);

        Assert.That(await systemd.ToldAsync("READY=1"), Has.Some.StartsWith("STATUS=No Kamailio answers"));
        await systemd.ToldAsync("WATCHDOG=1");
    }

    private static ServerProcess Start(ServiceManager systemd, TemporaryFolder folder, string etcd, string kamailio) => ServerProcess.Start("env",
    [
        .. systemd.Environment, .. KamrpcProgram.Command, "dispatch", "--etcd", etcd, "--kamailio", kamailio,
        "--proxy", "p1", "--reply-dir", folder.File("r"), "--state-dir", folder.File("state"),
    ]);
}
