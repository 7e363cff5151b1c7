using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What an announcer costs, as the published native binary: time to be announced, memory, processor time with one member and with a thousand.</summary>
internal static class AnnouncerCost
{
    private const int Starts = 20;
    private const int Many = 1000;
    private const int PerNetwork = 250;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(20);

    /// <param name="binary">The executable; null to publish it.</param>
    public static async Task<int> RunAsync(string? binary)
    {
        using var folder = new TemporaryFolder();
        binary ??= await PublishAsync(folder.File("kamrpc"));
        Console.WriteLine($"{binary}: {new FileInfo(binary).Length / 1e6:0.0} MB");
        await using var etcd = await EtcdServer.StartAsync();
        await StartsAsync(binary, etcd);

        var responders = Enumerable.Range(1, Many / PerNetwork).Select(static number => new SipResponder($"127.0.{20 + number}", PerNetwork)).ToList();
        try
        {
            string[] uris = [.. responders.SelectMany(static responder => responder.Uris)];
            await SteadyAsync(binary, etcd, uris[..1], "options");
            await SteadyAsync(binary, etcd, uris, "none");
            await SteadyAsync(binary, etcd, uris, "options");
        }
        finally
        {
            foreach (var responder in responders)
            {
                await responder.DisposeAsync();
            }
        }

        return 0;
    }

    internal static async Task<string> PublishAsync(string folder)
    {
        Console.WriteLine("Publishing kamrpc as a native binary, which takes a minute or two ...");
        using var publish = Process.Start(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "Packaging", "publish.sh"), [folder]);
        await publish.WaitForExitAsync();
        return publish.ExitCode == 0 ? Path.Combine(folder, "kamrpc") : throw new InvalidOperationException("kamrpc was not published, see above");
    }

    /// <summary>From the start of the program to etcd's answer that the member is written.</summary>
    private static async Task StartsAsync(string binary, EtcdServer etcd)
    {
        await using var server = new SipResponder("127.0.20", 1);
        var times = new List<double>();
        for (var start = 0; start < Starts; start++)
        {
            var begun = Stopwatch.GetTimestamp();
            await using var announcer = Start(binary, etcd, server.Uris, "options");
            await announcer.WaitForLineAsync("Wrote", Patience);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        Console.WriteLine($"start to announced, {Starts} times: median {times[Starts / 2]:0} ms, longest {times[^1]:0} ms");
    }

    private static async Task SteadyAsync(string binary, EtcdServer etcd, string[] uris, string probe)
    {
        await using var announcer = Start(binary, etcd, uris, probe);
        while ((await etcd.KeysAsync("/kamrpc/default/members/")).Count < uris.Length)
        {
            await Task.Delay(100);
        }

        await Task.Delay(Settling);
        var begun = Stopwatch.GetTimestamp();
        var before = ProcessCost.Seconds(announcer.Pid);
        await Task.Delay(Watched);
        var share = (ProcessCost.Seconds(announcer.Pid) - before) / Stopwatch.GetElapsedTime(begun).TotalSeconds;
        Console.WriteLine($"{uris.Length} {(uris.Length == 1 ? "member" : "members")}, --probe {probe}: {100 * share:0.0} % of a core over {Watched.TotalSeconds:0} s, {ProcessCost.Megabytes(announcer.Pid):0.0} MB resident");
    }

    private static ServerProcess Start(string binary, EtcdServer etcd, IReadOnlyList<string> uris, string probe) => ServerProcess.Start(
        binary,
        ["announce", "--etcd", etcd.Endpoint, "--probe", probe, .. uris.SelectMany(static (uri, index) => (string[])["--uri", string.Create(CultureInfo.InvariantCulture, $"m{index}={uri}")])]);
}
