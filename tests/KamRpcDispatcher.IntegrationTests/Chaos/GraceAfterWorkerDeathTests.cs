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

/// <summary>A worker dies in the middle of structural changes, Kamailio ends because of it, and another is started.</summary>
public class GraceAfterWorkerDeathTests
{
    private const int ProbingFlag = 8;
    private const string Comer = "sip:127.0.0.1:5099";

    /// <summary>With the fixed gap of a second between them they would take longer than the deadline.</summary>
    private const int ChangesAfterwards = 40;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static int Rounds => ChaosSettings.IsLong ? 200 : 5;

    [Test]
    public async Task The_grace_period_outlives_it_and_sees_the_processes_of_the_next_Kamailio()
    {
        RealServers.Require("kamailio");
        var random = new Random(ChaosSettings.AnnouncedSeed());
        await using var kamailio = await KamailioServer.StartAsync();
        await using var client = new RpcClient(KamailioAddress.Parse(kamailio.RpcAddress));
        using var grace = new ObservedGrace(
            new ProcessSurvey(client.ListProcessesAsync, ProcessIdentity.Check, [new SystemCallView(), new WaitChannelView()], TimeProvider.System),
            new ProcessMovement(),
            new GraceOptions { Gap = TimeSpan.FromSeconds(1), Cap = TimeSpan.FromSeconds(5) },
            new GraceFigures(),
            TimeProvider.System,
            NullLogger<ObservedGrace>.Instance);
        for (var round = 1; round <= Rounds; round++)
        {
            var worker = await WorkerAsync(client);
            var changing = ChangeAsync(client, grace, int.MaxValue);
            await Task.Delay(random.Next(60));
            await using (var kill = ServerProcess.Start("kill", ["-KILL", FormattableString.Invariant($"{worker.Pid}")]))
            {
                await kill.Exited;
            }

            await Assert.ThatAsync(() => changing.WaitAsync(Deadline), Throws.InstanceOf<KamailioRpcException>(), "nothing else comes of it");

            await kamailio.StartAgainAsync();
            var begun = Stopwatch.GetTimestamp();
            await grace.PrepareAsync(CancellationToken.None);
            await ChangeAsync(client, grace, ChangesAfterwards).WaitAsync(Deadline);
            Assert.That(grace.Mode, Is.EqualTo("observed (syscall)"));
            await TestContext.Out.WriteLineAsync($"{round}: {ChangesAfterwards} changes within {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms of the start");
        }
    }

    private static async Task<KamailioProcess> WorkerAsync(RpcClient client)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < Deadline)
        {
            if ((await client.ListProcessesAsync(CancellationToken.None)).FirstOrDefault(static process => process.IsUdpReceiver) is { } worker)
            {
                return worker;
            }
        }

        throw new TimeoutException("Kamailio lists no worker");
    }

    /// <summary>Adds and removes one, until enough or until Kamailio does not answer.</summary>
    private static async Task ChangeAsync(RpcClient client, ObservedGrace grace, int changes)
    {
        var version = await client.GetVersionAsync(CancellationToken.None);
        grace.Begin();
        for (var change = 0; change < changes;)
        {
            if (!await grace.WaitAsync(CancellationToken.None))
            {
                continue;
            }

            try
            {
                await (change % 2 == 0
                    ? client.AddDestinationAsync(version, 1, Comer, ProbingFlag, 0, "duid=comes", CancellationToken.None)
                    : client.RemoveDestinationAsync(1, Comer, CancellationToken.None));
                change++;
            }
            finally
            {
                grace.Begin();
            }
        }
    }
}
