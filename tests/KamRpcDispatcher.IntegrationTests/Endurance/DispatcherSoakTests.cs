using System.Diagnostics;
using System.Globalization;
using Etcdserverpb;
using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>
/// Members come, go, drain and return for as long as is asked for (<c>KAMRPC_CHAOS=long KAMRPC_CHAOS_MINUTES=240</c>), and nothing grows with time: printed as slopes.
/// </summary>
[Parallelizable]
public sealed class DispatcherSoakTests
{
    private const int Members = 200;

    /// <summary>Of each kind, in a round.</summary>
    private const int Moving = 5;

    private const double Mega = 1 << 20;

    /// <summary>What the heap of a dispatcher differs by from one third to the next, in MiB: the garbage collector takes what it likes.</summary>
    private const double MoreMemory = 8;

    /// <summary>Calls under way, and threads that are about to end.</summary>
    private const double MoreOfOthers = 8;

    private static readonly TimeSpan ShortTime = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Compaction = TimeSpan.FromSeconds(5);

    [Test]
    public async Task Nothing_grows_with_time()
    {
        await using var fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = KamailioOptions.WithLatePings with { SharedMemoryMegabytes = 256, ExtraConfig = "#!define KAMRPC_LOAD_MODE 0" },
            Dispatch = ["--change-burst", "0"],
        });
        for (var number = 0; number < Members; number++)
        {
            await PutAsync(fleet, number, "ready");
        }

        await SettleAsync(fleet);
        var (own, descriptors, threads) = (new SoakFigure("dispatcher, memory of its own", "MiB"), new SoakFigure("dispatcher, descriptors", ""), new SoakFigure("dispatcher, threads", ""));
        var (shared, database) = (new SoakFigure("Kamailio, shared memory", "MiB"), new SoakFigure("etcd, database in use", "MiB"));
        var before = (await fleet.Kamailio.SharedMemoryAsync()).Used;
        var structural = Structural(fleet);
        var random = new Random(ChaosSettings.AnnouncedSeed());
        var begun = Stopwatch.GetTimestamp();
        var compacted = begun;
        List<int> away = [];
        List<int> drained = [];
        for (var rounds = 1; Stopwatch.GetElapsedTime(begun) < (ChaosSettings.IsLong ? ChaosSettings.LongTime : ShortTime); rounds++)
        {
            foreach (var number in away.Concat(drained))
            {
                await PutAsync(fleet, number, "ready");
            }

            int[] moving = [.. Enumerable.Range(0, Members).OrderBy(_ => random.Next()).Take(2 * Moving)];
            (away, drained) = ([.. moving[..Moving]], [.. moving[Moving..]]);
            foreach (var number in away)
            {
                await fleet.DeleteAsync($"1/m{number}");
            }

            foreach (var number in drained)
            {
                await PutAsync(fleet, number, "draining");
            }

            if (Stopwatch.GetElapsedTime(compacted) > Compaction)
            {
                // As etcd does by itself with --auto-compaction-retention.
                await fleet.Etcd.CompactAsync(await fleet.Etcd.RevisionAsync());
                compacted = Stopwatch.GetTimestamp();
            }

            var at = Stopwatch.GetElapsedTime(begun);
            own.Read(at, Status(fleet.Dispatcher.Pid, "RssAnon:") / 1024.0);
            descriptors.Read(at, Directory.GetFiles($"/proc/{fleet.Dispatcher.Pid}/fd").Length);
            threads.Read(at, Status(fleet.Dispatcher.Pid, "Threads:"));
            shared.Read(at, (await fleet.Kamailio.SharedMemoryAsync()).Used / Mega);
            database.Read(at, (await fleet.Store.Maintenance.StatusAsync(new StatusRequest())).DbSizeInUse / Mega);
            if (rounds * Round - Stopwatch.GetElapsedTime(begun) is var rest && rest > TimeSpan.Zero)
            {
                await Task.Delay(rest);
            }
        }

        foreach (var number in away.Concat(drained))
        {
            await PutAsync(fleet, number, "ready");
        }

        await SettleAsync(fleet);
        structural = Structural(fleet) - structural;
        var lost = (await fleet.Kamailio.SharedMemoryAsync()).Used - before;
        SoakFigure[] figures = [own, descriptors, threads, shared, database];
        await TestContext.Out.WriteLineAsync($"{Stopwatch.GetElapsedTime(begun):hh\\:mm\\:ss}, {Members} members, {structural} structural changes, of which Kamailio lost {lost / (double)structural:0} bytes each\n{string.Join('\n', (object[])figures)}");

        Assert.That(structural, Is.GreaterThan(50));
        Assert.That(lost, Is.LessThan((MemoryWatch.LeakPerChange * structural) + (256 * 1024)), "nothing but what each change is known to cost");
        Assert.That(own.Growth, Is.LessThan(MoreMemory));
        Assert.That(descriptors.Growth, Is.LessThan(MoreOfOthers));
        Assert.That(threads.Growth, Is.LessThan(MoreOfOthers));
        Assert.That(database.Growth, Is.LessThan(1), "of what is compacted");
        Assert.That(fleet.Kamailio.CrashedBySignal, Is.Null);
    }

    private static Task<long> PutAsync(Fleet fleet, int number, string state) =>
        fleet.PutAsync($"1/m{number}", $$"""{"uri":"sip:127.2.{{number / 250}}.{{(number % 250) + 1}}","state":"{{state}}"}""");

    /// <summary>Waits until all are there and get calls, and nobody else is.</summary>
    private static Task<long> SettleAsync(Fleet fleet) => fleet.WaitForListAsync(static list => list.Count(static entry => entry is { Set: 1, Flags: ['A', ..] }) == Members && list.Count == Members);

    private static int Structural(Fleet fleet) =>
        fleet.Dispatcher.Output.Split('\n').Count(static line => line.Contains(": added ", StringComparison.Ordinal) || line.Contains(": removed ", StringComparison.Ordinal));

    private static long Status(int pid, string name) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
