using System.Diagnostics;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations.Configured;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Whether the processes of a Kamailio with many modules are seen at rest.</summary>
[Category("Matrix")]
public class ProcessRestTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(20);

    [TestCase("syscall", "", TestName = "In the system calls, every idle process is seen at rest within a second")]
    [TestCase("wchan", "", TestName = "In the wait channels, every idle process is seen at rest within a second")]
    [TestCase("syscall", "tcp_poll_method=poll", TestName = "In the system calls, every process that polls is seen at rest within a second")]
    [TestCase("wchan", "tcp_poll_method=poll", TestName = "In the wait channels, every process that polls is seen at rest within a second")]
    public async Task Every_process_of_many_modules_is_seen_at_rest(string name, string globals)
    {
        RealServers.Require("kamailio");
        using var folder = new TemporaryFolder();
        await using var kamailio = await KamailioServer.StartAsync(await ManyModules.InAsync(folder, globals));
        await using var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        var reader = new TableUseReader(client, TimeProvider.System);
        var processes = await StartedAsync(reader);
        Assert.That(processes, Has.Count.GreaterThanOrEqualTo(30), kamailio.Output);
        Assert.That(reader.Current, Is.EqualTo(new TableUse(false, false, false, false)), "the configuration is read, and is plain");

        var view = View(name, () => reader.Current);
        Assert.That(ProcessIdentity.Check(processes), Is.Null);
        Assert.That(view.Check(processes), Is.Null);
        Assert.That(await NeverAtRestAsync(view, processes), Is.Empty);
    }

    [Test]
    public async Task With_a_configuration_that_is_not_known_every_process_is_seen_at_rest_too()
    {
        RealServers.Require("kamailio");
        using var folder = new TemporaryFolder();
        await using var kamailio = await KamailioServer.StartAsync(await ManyModules.InAsync(folder, "tcp_poll_method=poll"));
        await using var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        var processes = await StartedAsync(new TableUseReader(client, TimeProvider.System));
        var view = new SystemCallView();
        Assert.That(view.Check(processes), Is.Null);

        Assert.That(await NeverAtRestAsync(view, processes), Is.Empty);
    }

    [TestCase("syscall")]
    [TestCase("wchan")]
    public async Task A_receiver_with_several_threads_is_seen_at_rest(string name)
    {
        RealServers.Require("kamailio");
        if (KamailioServer.Release < new Version(6, 1))
        {
            Assert.Pass("udp_receiver_mode came with 6.1");
        }

        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions { ExtraConfig = "udp_receiver_mode=1\nasync_workers_group=\"name=udp;workers=2\"" });
        await using var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        var processes = await StartedAsync(new TableUseReader(client, TimeProvider.System));
        Assert.That(processes.Select(static process => ProcFile.Threads(process.Pid).Count), Has.Some.GreaterThan(1));
        var view = View(name, static () => TableUse.Unknown);

        Assert.That(ProcessIdentity.Check(processes), Is.Null);
        Assert.That(view.Check(processes), Is.Null);
        Assert.That(await NeverAtRestAsync(view, processes), Is.Empty);
    }

    private static IProcessView View(string name, Func<TableUse> use) =>
        name == "syscall" ? new SystemCallView(use, TimeProvider.System) : new WaitChannelView(use, TimeProvider.System);

    /// <summary>The names of those that are not seen at rest in time.</summary>
    private static async Task<IReadOnlyList<string>> NeverAtRestAsync(IProcessView view, IReadOnlyList<KamailioProcess> processes)
    {
        var unseen = processes.ToList();
        var begun = Stopwatch.GetTimestamp();
        var looks = 0;
        do
        {
            unseen.RemoveAll(process => view.ActivityOf(process) == ProcessActivity.AtRest);
            await Task.Delay(1);
            looks++;
        }

        // However slow the machine: the last look is one of several.
        while (unseen.Count > 0 && (Stopwatch.GetElapsedTime(begun) < Deadline || looks < 100));
        return [.. unseen.Select(static process => $"{process.Description}: {ProcFile.ReadLine(process.Pid, "syscall", out _)} ({ProcFile.ReadLine(process.Pid, "wchan", out _)})")];
    }

    private static async Task<IReadOnlyList<KamailioProcess>> StartedAsync(TableUseReader reader)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var processes = await reader.ListProcessesAsync(CancellationToken.None);
            if (processes.Any(static process => process.IsMainOfAll))
            {
                return processes;
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(StartDeadline));
            await Task.Delay(10);
        }
    }
}
