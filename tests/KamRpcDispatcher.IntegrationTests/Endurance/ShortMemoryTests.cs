using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>Each structural change costs Kamailio some of its shared memory for good: one with little of it is left alone in time.</summary>
public class ShortMemoryTests
{
    private const int SmallMemory = 8;
    private const int Members = 100;

    /// <summary>Held from the beginning, so that it does not take ten thousand changes.</summary>
    private const int PercentLeft = 30;

    private const string Told = "shared memory left";

    private static readonly TimeSpan BetweenTurns = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    [Test]
    public async Task A_Kamailio_that_runs_out_of_memory_keeps_its_destinations_and_lives_and_the_log_tells()
    {
        var counter = new ChangeCounter();
        string? told = null;
        await using var fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = new KamailioOptions { SharedMemoryMegabytes = SmallMemory, PingInterval = TimeSpan.Zero, FinalConfig = SharedMemoryBallast.Config },

            // What would keep the memory from running out; weights are attributes, so that a new one is a replacement.
            Dispatch = ["--change-burst", "0", "--share", "attributes"],
            OnDispatcherLine = line =>
            {
                counter.See(line);
                told ??= line.Contains(Told, StringComparison.Ordinal) ? line : null;
            },
        });
        await PutAllAsync(fleet, 1);
        await fleet.WaitForListAsync(static list => Enabled(list).Count == Members);
        var free = ChaosSettings.IsLong ? 0 : await new SharedMemoryBallast(fleet.Kamailio).FillAsync(PercentLeft);

        var (begun, turn) = (Stopwatch.GetTimestamp(), 1);
        for (long? since = null; !fleet.Kamailio.Exited.IsCompleted && Stopwatch.GetElapsedTime(begun) < Longest && (since is not { } moment || Stopwatch.GetElapsedTime(moment) < Afterwards);)
        {
            await PutAllAsync(fleet, turn++);
            await Task.Delay(BetweenTurns);
            since ??= told is not null ? Stopwatch.GetTimestamp() : null;
        }

        var changes = counter.Count;
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
        Assert.That(fleet.Kamailio.Exited.IsCompleted, Is.False);
        var memory = await fleet.Kamailio.SharedMemoryAsync();
        await TestContext.Out.WriteLineAsync($"-m {SmallMemory}: {free} bytes left before, {memory.Free} after {changes} structural changes and {turn - 1} changes of everybody's weight in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        Assert.That(Enabled(await fleet.Kamailio.ListAsync()), Has.Count.EqualTo(Members), "all of them still get calls");

        // State changes cost no memory.
        await fleet.DeleteAsync("1/m0");
        await fleet.WaitForListAsync(static list => Enabled(list).Count == Members - 1, Soon);
        Assert.That(told, Does.Contain("-m, SHM_MEMORY"), "what to do");
    }

    private static HashSet<string> Enabled(IEnumerable<FakeDestination> list) =>
        [.. list.Where(static entry => entry.Flags[0] != 'D').Select(static entry => Spelling.First(entry.Uri))];

    private static async Task PutAllAsync(Fleet fleet, int turn)
    {
        var transaction = new TxnRequest();
        transaction.Success.AddRange(Enumerable.Range(0, Members).Select(number => new RequestOp
        {
            RequestPut = new PutRequest
            {
                Key = ByteString.CopyFromUtf8($"{fleet.Keys.Members}1/m{number}"),
                Value = ByteString.CopyFromUtf8($"{{\"uri\":\"sip:127.0.18.{number + 1}:5060\",\"weight\":{1 + (turn % 50)}}}"),
            },
        }));
        await fleet.Store.Keys.TxnAsync(transaction);
    }
}
