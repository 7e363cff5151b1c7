using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What a dispatcher costs, as the published native binary beside real servers: time to the first push, memory, processor time when nothing happens, and its metrics.</summary>
internal static class DispatcherCost
{
    private const int Starts = 20;
    private const int Few = 100;
    private const int Many = 1000;
    private const int Scrapes = 20;
    private const int AtOnce = 8;
    private const int SharedMemory = 256;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(60);

    /// <summary>Longer than one text of metrics is good for.</summary>
    private static readonly TimeSpan BetweenScrapes = TimeSpan.FromMilliseconds(300);

    /// <param name="binary">The executable; null to publish it.</param>
    public static async Task<int> RunAsync(string? binary)
    {
        using var folder = new TemporaryFolder();
        var program = await NativeProgram.FindAsync(binary, folder);
        await using var etcd = await EtcdServer.StartAsync();

        // Nobody is there who would answer pings: the first ones are too late to matter.
        await using var kamailio = await KamailioServer.StartAsync(KamailioOptions.WithLatePings with { SharedMemoryMegabytes = SharedMemory });
        await AnnounceAsync(etcd, 0, Few);
        var times = new List<double>();
        for (var start = 0; start < Starts; start++)
        {
            var begun = Stopwatch.GetTimestamp();
            await using (var started = Start(program, etcd, kamailio, folder.File($"state{start}"), metrics: "none"))
            {
                // By its log, which has the line when Kamailio has answered: asking Kamailio all the time would keep it from that.
                await started.WaitForLineAsync("added sip:", Patience);
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
                await ListedAsync(kamailio, Few);
            }

            await kamailio.CallAsync("dispatcher.reload");
        }

        Console.WriteLine($"start of the program to the first of {Few} members added to Kamailio, {Starts} times: {Spread(times)}");

        var metrics = $"127.0.0.1:{RealServers.FreePort()}";
        await using var dispatcher = Start(program, etcd, kamailio, folder.File("state"), metrics);
        await ListedAsync(kamailio, Few);
        using var client = new HttpClient { BaseAddress = new Uri($"http://{metrics}"), Timeout = Patience };
        await IdleAsync(dispatcher, Few);
        await ScrapeAsync(client, Few);
        Console.WriteLine($"{Few} members, after {Scrapes} scrapes: {ProcessCost.Of(dispatcher.Pid)}");

        await AnnounceAsync(etcd, Few, Many);
        await ListedAsync(kamailio, Many);
        await IdleAsync(dispatcher, Many);
        await ScrapeAsync(client, Many);
        kamailio.Pause();
        try
        {
            Console.Write("all processes of Kamailio stopped: ");
            await ScrapeAsync(client, Many);
        }
        finally
        {
            kamailio.Resume();
        }

        return 0;
    }

    private static ServerProcess Start(string binary, EtcdServer etcd, KamailioServer kamailio, string state, string metrics) =>
        ServerProcess.Start(binary, ["dispatch", "--etcd", etcd.Endpoint, "--kamailio", kamailio.RpcAddress, "--proxy", "p1", "--state-dir", state, "--metrics", metrics]);

    private static Task AnnounceAsync(EtcdServer etcd, int from, int to) => Parallel.ForAsync(
        from,
        to,
        new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
        async (number, _) => await etcd.PutAsync($"/kamrpc/default/members/1/m{number}", string.Create(CultureInfo.InvariantCulture, $$"""{"uri":"sip:127.1.{{number / 250}}.{{1 + (number % 250)}}:5060"}""")));

    /// <summary>Until Kamailio has so many destinations.</summary>
    private static async Task ListedAsync(KamailioServer kamailio, int count)
    {
        for (var begun = Stopwatch.GetTimestamp(); (await kamailio.ShortListAsync()).Count < count; await Task.Delay(Look))
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new TimeoutException($"Kamailio does not have {count} destinations after {Patience.TotalSeconds:0} s");
            }
        }
    }

    private static async Task IdleAsync(ServerProcess dispatcher, int members)
    {
        await Task.Delay(Settling);
        var begun = Stopwatch.GetTimestamp();
        var before = ProcessCost.Of(dispatcher.Pid);
        await Task.Delay(Watched);
        Console.WriteLine($"{members} members, idle: {ProcessCost.Of(dispatcher.Pid).Since(before, Stopwatch.GetElapsedTime(begun))}");
    }

    private static async Task ScrapeAsync(HttpClient client, int members)
    {
        var times = new List<double>();
        var length = 0;

        // This client's own first request takes longer than what is measured.
        await client.GetByteArrayAsync(new Uri("/healthz", UriKind.Relative));
        for (var scrape = 0; scrape < Scrapes; scrape++)
        {
            await Task.Delay(BetweenScrapes);
            var begun = Stopwatch.GetTimestamp();
            length = (await client.GetByteArrayAsync(new Uri("/metrics", UriKind.Relative))).Length;
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        Console.WriteLine($"/metrics with {members} members, {length / 1000} KB, {Scrapes} times: {Spread(times)}");
    }

    private static string Spread(List<double> times)
    {
        var first = times[0];
        times.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"median {times[times.Count / 2]:0.0} ms, longest {times[^1]:0.0} ms, first {first:0.0} ms");
    }
}
