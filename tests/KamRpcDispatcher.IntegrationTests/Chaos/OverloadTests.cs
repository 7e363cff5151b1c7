using System.Diagnostics;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// More calls than Kamailio can do, which is when a server is needed most: changes go on, and do not crash it. The last test here shows that
/// they would.
/// </summary>
public class OverloadTests
{
    private const int ProbingFlag = 8;

    /// <summary>The product's own gap takes half a minute a change: in the usual form it is shorter than it may be.</summary>
    private static GraceOptions Options => ChaosSettings.IsLong
        ? new GraceOptions { Gap = TimeSpan.FromSeconds(1), Cap = TimeSpan.FromSeconds(5) }
        : new GraceOptions { Gap = TimeSpan.FromSeconds(1), Cap = TimeSpan.FromSeconds(0.5), LongGap = TimeSpan.FromSeconds(2) };

    /// <summary>Strict, as for a configuration that is not known: a worker that sleeps in its script is no proof.</summary>
    private static SystemCallView View => new();

    private static TimeSpan Time => ChaosSettings.IsLong ? ChaosSettings.LongTime / 4 : TimeSpan.FromSeconds(7);

    /// <summary>Each may have to wait for the long gap.</summary>
    private static int LeastChanges => (int)(Time / Options.LongGap) - 1;

    [TestCase(115, false)]
    [TestCase(150, false)]
    [TestCase(115, true)]
    [TestCase(150, true)]
    public async Task Under_an_overload_changes_go_on_and_do_not_crash_Kamailio(int percent, bool isComputing)
    {
        await using var overloaded = await OverloadedKamailio.StartAsync(isComputing ? LoadKind.Computing : LoadKind.Blocking, percent, Time + TimeSpan.FromSeconds(20));
        await using var client = new RpcClient(KamailioAddress.Parse(overloaded.Kamailio.RpcAddress));
        var figures = new GraceFigures();
        using var grace = Grace(client, figures);
        await grace.PrepareAsync(CancellationToken.None);

        var changes = await ChurnAsync(overloaded, client, grace, Time);

        await TestContext.Out.WriteLineAsync($"{changes} changes in {Time.TotalSeconds} s; {figures.Read(grace.Mode)}");
        Assert.Multiple(() =>
        {
            Assert.That(overloaded.Kamailio.CrashedBySignal, Is.Null);
            Assert.That(overloaded.Kamailio.Exited.IsCompleted, Is.False, "Kamailio runs");
            Assert.That(changes, Is.GreaterThanOrEqualTo(LeastChanges));
        });
    }

    [Test]
    public async Task A_worker_that_is_frozen_in_its_work_keeps_the_change_pending_and_is_named()
    {
        await using var overloaded = await OverloadedKamailio.StartAsync(LoadKind.Computing, 150, TimeSpan.FromSeconds(40));
        await using var client = new RpcClient(KamailioAddress.Parse(overloaded.Kamailio.RpcAddress));
        using var grace = Grace(client, new GraceFigures());
        var worker = (await client.ListProcessesAsync(CancellationToken.None)).First(static process => process.IsUdpReceiver);
        await FreezeAtWorkAsync(worker);
        grace.Begin();

        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < Options.LongGap + (2 * Options.WaitsBeforeLongGap * Options.Cap))
        {
            Assert.That(await grace.WaitAsync(CancellationToken.None), Is.False);
        }

        Assert.That(grace.State.Stuck, Is.EqualTo(new[] { GraceLog.Name(worker) }));
        Assert.That(grace.State.OverdueSince, Is.Not.Null);

        await SignalAsync(worker, "CONT");
        begun = Stopwatch.GetTimestamp();
        while (!await grace.WaitAsync(CancellationToken.None))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(20) + Options.LongGap), "it has moved");
        }

        Assert.That(grace.State.Stuck, Is.Empty);
    }

    /// <summary>The proof that the overload is one in which a change without a grace period is dangerous.</summary>
    [Test]
    public async Task Without_a_grace_period_the_same_crashes_Kamailio()
    {
        string? crash = null;
        for (var attempt = 1; attempt <= 4 && crash is null; attempt++)
        {
            await using var overloaded = await OverloadedKamailio.StartAsync(LoadKind.Blocking, 150, TimeSpan.FromSeconds(60));
            await using var client = new RpcClient(KamailioAddress.Parse(overloaded.Kamailio.RpcAddress));
            var changes = 0;
            try
            {
                changes = await ChurnAsync(overloaded, client, new FixedGap(TimeSpan.Zero, TimeProvider.System), TimeSpan.FromSeconds(30));
            }
            catch (KamailioRpcException)
            {
                // It does not answer any more.
            }

            await Task.WhenAny(overloaded.Kamailio.Exited, Task.Delay(TimeSpan.FromSeconds(5)));
            crash = overloaded.Kamailio.CrashedBySignal;
            await TestContext.Out.WriteLineAsync($"{changes} changes; {crash}");
        }

        Assert.That(crash, Does.Contain("exited by a signal 11").Or.Contains("exited by a signal 6"));
    }

    /// <summary>Adds and removes one, as often as the grace period allows.</summary>
    private static async Task<int> ChurnAsync(OverloadedKamailio overloaded, RpcClient client, IGracePeriod grace, TimeSpan time)
    {
        var version = await client.GetVersionAsync(CancellationToken.None);
        var (begun, changes) = (Stopwatch.GetTimestamp(), 0);
        grace.Begin();
        while (Stopwatch.GetElapsedTime(begun) < time && !overloaded.Kamailio.Exited.IsCompleted)
        {
            if (!await grace.WaitAsync(CancellationToken.None))
            {
                continue;
            }

            await (changes % 2 == 0
                ? client.AddDestinationAsync(version, 1, overloaded.Comer, ProbingFlag, 0, "duid=comes", CancellationToken.None)
                : client.RemoveDestinationAsync(1, overloaded.Comer, CancellationToken.None));
            grace.Begin();
            changes++;
        }

        return changes;
    }

    private static ObservedGrace Grace(RpcClient client, GraceFigures figures) => new(
        new ProcessSurvey(client.ListProcessesAsync, ProcessIdentity.Check, [View], TimeProvider.System),
        new ProcessMovement(),
        Options,
        figures,
        TimeProvider.System,
        NullLogger<ObservedGrace>.Instance);

    /// <summary>Stops it where it computes: in a system call it may be where it holds nothing.</summary>
    private static async Task FreezeAtWorkAsync(KamailioProcess worker)
    {
        for (var attempt = 1; ; attempt++)
        {
            await SignalAsync(worker, "STOP");
            if (ProcFile.ReadLine(worker.Pid, "syscall", out _) is { } call && call.StartsWith("-1", StringComparison.Ordinal))
            {
                return;
            }

            Assert.That(attempt, Is.LessThan(100), "it is never at work");
            await SignalAsync(worker, "CONT");
        }
    }

    private static async Task SignalAsync(KamailioProcess process, string signal)
    {
        await using var kill = ServerProcess.Start("kill", ["-" + signal, FormattableString.Invariant($"{process.Pid}")]);
        Assert.That(await kill.Exited, Is.Zero);
    }
}
