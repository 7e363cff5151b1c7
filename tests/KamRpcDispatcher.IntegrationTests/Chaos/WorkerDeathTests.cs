using System.Diagnostics;
using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>A worker of Kamailio's dies in the middle of a large change, and Kamailio with it.</summary>
public class WorkerDeathTests
{
    private const int Members = 60;
    private const int FewRounds = 3;
    private const int ManyRounds = 200;
    private static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(60);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(3);

    [Test]
    public async Task The_dispatcher_lives_and_the_list_equals_etcd_within_three_seconds_of_each_restart()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio");
        var random = new Random(ChaosSettings.AnnouncedSeed());
        await using var fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = new KamailioOptions { Workers = 4, PingInterval = TimeSpan.Zero },

            // The same names change in each round.
            Dispatch = ["--change-burst", "0"],
        });
        var times = new List<TimeSpan>();
        for (var round = 1; round <= ChaosSettings.Rounds(FewRounds, ManyRounds); round++)
        {
            await PutAllAsync(fleet, round);
            await fleet.WaitForListAsync(list => IsEqual(list, round));
            times.Add(await RoundAsync(fleet, -round, random));
        }

        await TestContext.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{times.Count} workers killed: Kamailio's first answer to a whole list of {Members} took {times.Min().TotalMilliseconds:0} to {times.Max().TotalMilliseconds:0} ms"));
        Assert.That(fleet.Dispatcher.Output, Does.Not.Contain("Unexpected in"), "no cycle needed to be caught");
    }

    private static async Task<TimeSpan> RoundAsync(Fleet fleet, int generation, Random random)
    {
        var kamailio = fleet.Kamailio;
        var workers = (await kamailio.CallAsync("core.psx")).EnumerateArray()
            .Where(static process => process.GetProperty("DSC").GetString()!.StartsWith("udp receiver", StringComparison.Ordinal))
            .Select(static process => process.GetProperty("PID").GetInt32())
            .ToList();
        var victim = workers[random.Next(workers.Count)];
        await PutAllAsync(fleet, generation);
        await Task.Delay(MostDelay * random.NextDouble());
        using (var kill = Process.Start("kill", ["-KILL", $"{victim}"]))
        {
            await kill.WaitForExitAsync();
        }

        await kamailio.Exited.WaitAsync(Fleet.Deadline);
        await kamailio.StartAgainAsync();
        var whole = await fleet.WaitForListAsync(list => IsEqual(list, generation), Fleet.Deadline);
        var elapsed = Stopwatch.GetElapsedTime(kamailio.AnsweredTimestamp, whole);
        Assert.That(fleet.Dispatcher.Exited.IsCompleted, Is.False, fleet.Dispatcher.Output);
        Assert.That(kamailio.CrashedBySignal, Is.Null, "it died once only");
        Assert.That(elapsed, Is.LessThan(Soon), fleet.Dispatcher.Output);
        return elapsed;
    }

    private static bool IsEqual(IReadOnlyList<FakeDestination> list, int generation) =>
        list.Where(static entry => entry.Flags[0] != 'D').Select(static entry => entry.Uri).ToHashSet().SetEquals(Enumerable.Range(1, Members).Select(member => Uri(member, generation)));

    /// <summary>New URIs for all in one transaction.</summary>
    private static async Task PutAllAsync(Fleet fleet, int generation)
    {
        var transaction = new TxnRequest();
        foreach (var member in Enumerable.Range(1, Members))
        {
            transaction.Success.Add(new RequestOp
            {
                RequestPut = new PutRequest
                {
                    Key = ByteString.CopyFromUtf8($"{fleet.Keys.Members}1/m{member}"),
                    Value = ByteString.CopyFromUtf8($$"""{"uri":"{{Uri(member, generation)}}"}"""),
                },
            });
        }

        await fleet.Store.Keys.TxnAsync(transaction);
    }

    private static string Uri(int member, int generation) =>
        string.Create(CultureInfo.InvariantCulture, $"sip:127.2.{Math.Abs(generation)}.{member}:{(generation < 0 ? 5070 : 5060)}");
}
