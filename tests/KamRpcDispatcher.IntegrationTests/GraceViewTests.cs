using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What is seen of real processes.</summary>
[Category("Matrix")]
public class GraceViewTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    [TestCase("syscall")]
    [TestCase("wchan")]
    public async Task Every_process_of_an_idle_Kamailio_is_seen_at_rest(string name)
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            ExtraConfig = $"#!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{RealServers.FreePort()}\n#!define KAMRPC_TRANSPORT 6\nloadmodule \"ctl.so\"",
        });
        var processes = await ProcessesAsync(kamailio);
        IProcessView view = name == "syscall" ? new SystemCallView() : new WaitChannelView();
        Assert.That(ProcessIdentity.Check(processes), Is.Null);
        Assert.That(view.Check(processes), Is.Null);
        Assert.That(processes.Select(static process => process.Description), Has.Some.Contains("tcp receiver").And.Some.EqualTo("ctl handler").And.Some.EqualTo("JSONRPCS FIFO"));

        foreach (var process in processes)
        {
            await UntilAsync(() => view.ActivityOf(process) == ProcessActivity.AtRest, process.Description);
        }

        kamailio.Kill();
        await kamailio.Exited;
        foreach (var process in processes)
        {
            await UntilAsync(() => view.ActivityOf(process) == ProcessActivity.Gone, process.Description);
        }
    }

    [TestCase("while :; do :; done", "slow timer", false, TestName = "A process that computes is not at rest")]
    [TestCase("exec sleep 60", "slow timer", true, TestName = "A timer that sleeps is at rest")]
    [TestCase("exec sleep 60", "udp receiver child=0 sock=127.0.0.1:5060", false, TestName = "A UDP receiver that sleeps is not at rest")]
    [TestCase("exec sleep 60", "udp receiver child=0 sock=127.0.0.1:5060", true, true, TestName = "A UDP receiver that sleeps in its script is outside the table, where nobody sleeps inside")]
    [TestCase("exec sleep 60", "DMQ WORKER", true, true, TestName = "A process that reads nothing of the table is not waited for")]
    [TestCase("while :; do :; done", "DMQ WORKER", true, true, TestName = "Not even when it computes")]
    [TestCase("while :; do :; done", "udp receiver child=0 sock=127.0.0.1:5060", false, true, TestName = "A UDP receiver that computes may be inside the table")]
    [TestCase("mkfifo $0; exec cat < $0 & exec cat <> $0", "JSONRPCS FIFO", true, TestName = "A FIFO that is read is at rest")]
    [TestCase("mkfifo $0; exec cat < $0 & exec cat <> $0", "slow timer", false, TestName = "A timer that reads is not at rest")]
    public async Task A_process_is_judged_by_where_it_waits(string script, string description, bool atRest, bool isPlain = false)
    {
        using var folder = new TemporaryFolder();
        await using var process = ServerProcess.Start("sh", ["-c", script, folder.File("fifo")]);
        var view = new SystemCallView(() => isPlain ? new TableUse(false, false, false, false) : TableUse.Unknown, TimeProvider.System);
        var watched = new KamailioProcess(process.Pid, description);
        if (atRest)
        {
            await UntilAsync(() => view.ActivityOf(watched) == ProcessActivity.AtRest, description);
            return;
        }

        // Until it does what it is started for, and then for a while.
        await UntilAsync(() => Started(process.Pid), description);
        for (var i = 0; i < 200; i++)
        {
            Assert.That(view.ActivityOf(watched), Is.EqualTo(ProcessActivity.Busy));
            await Task.Delay(1);
        }
    }

    [Test]
    public async Task Kamailios_ids_in_another_PID_namespace_are_noticed()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync();
        var processes = await ProcessesAsync(kamailio);

        // As a container would tell them: small numbers, which here belong to others.
        var foreign = processes.Select((process, index) => process with { Pid = index + 1 }).ToList();

        Assert.That(ProcessIdentity.Check(foreign), Does.Contain("PID namespace"));
    }

    /// <summary>Once it has started them all.</summary>
    private static async Task<IReadOnlyList<KamailioProcess>> ProcessesAsync(KamailioServer kamailio)
    {
        await using var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        IReadOnlyList<KamailioProcess> processes;
        do
        {
            Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline));
            processes = await client.ListProcessesAsync(CancellationToken.None);
        }
        while (!processes.Any(static process => process.IsMainOfAll));

        return processes;
    }

    private static bool Started(int pid) =>
        ProcFile.ReadLine(pid, "comm", out _) is not ("env" or "setsid") && ProcFile.ReadLine(pid, "stat", out _)?.Split(' ')[2] is "R" or "S"
        && ProcFile.ReadLine(pid, "syscall", out _) is { } call && (call == "running" || int.Parse(call.Split(' ')[0], CultureInfo.InvariantCulture) is 0 or 35 or 230);

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline), what);
            await Task.Delay(1);
        }
    }
}
