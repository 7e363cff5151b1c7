using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>What open pages cost a dispatcher, as the published native binary: how long changes take to Kamailio's list, and its memory, without a page, with one, and with 200 streams of events, in one run.</summary>
internal static class PageCost
{
    private const int Members = 100;
    private const int Streams = 200;
    private const int Changes = 60;
    private const string Told = "Metrics and health are told at ";
    private const string Uri = "sip:127.0.31.1:5060";

    private static readonly HttpClient Gateway = new();

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenChanges = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    /// <param name="binary">The executable.</param>
    public static async Task<int> RunAsync(string binary)
    {
        using var folder = new TemporaryFolder();
        await using var etcd = await EtcdServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync(KamailioOptions.WithLatePings);
        await using var dispatcher = ServerProcess.Start(
            binary, ["dispatch", "--etcd", etcd.Endpoint, "--kamailio", kamailio.RpcAddress, "--proxy", "p1", "--reply-dir", folder.File("r"), "--state-dir", folder.File("s"), "--metrics", "127.0.0.1:0"]);
        var line = await dispatcher.WaitForLineAsync(Told, Patience);
        using var client = new HttpClient { BaseAddress = new Uri(line[(line.IndexOf(Told, StringComparison.Ordinal) + Told.Length)..].Trim()), Timeout = Timeout.InfiniteTimeSpan };
        for (var number = 1; number <= Members; number++)
        {
            await PutAsync(etcd, $"/kamrpc/default/members/1/m{number:000}", $"{{\"uri\":\"sip:127.0.31.{number}:5060\"}}");
        }

        await UntilAsync(async () => (await kamailio.ListAsync()).Count(static entry => entry.Uri.StartsWith("sip:127.0.31.", StringComparison.Ordinal)) >= Members);
        await ChangesAsync(etcd, kamailio);
        var alone = await ChangesAsync(etcd, kamailio);
        Console.WriteLine($"without a page: median {alone:0.0} ms from etcd to Kamailio's list, {Resident(dispatcher.Pid)} MB resident with {Members} members");
        using var life = new CancellationTokenSource();
        List<Task<long>> streams = [ReadAsync(client, life.Token)];
        await Task.Delay(Settling, life.Token);
        var one = await ChangesAsync(etcd, kamailio);
        Console.WriteLine($"with one page: median {one:0.0} ms, {Resident(dispatcher.Pid)} MB resident");
        streams.AddRange(Enumerable.Range(1, Streams - 1).Select(_ => ReadAsync(client, life.Token)));
        await Task.Delay(Settling, life.Token);
        var begun = Stopwatch.GetTimestamp();
        var all = await ChangesAsync(etcd, kamailio);
        Console.WriteLine($"with {Streams} streams: median {all:0.0} ms, {Resident(dispatcher.Pid)} MB resident");
        await Task.Delay(Settling, life.Token);
        Console.WriteLine($"{Resident(dispatcher.Pid)} MB resident {Settling.TotalSeconds:0} s later; {streams.Count(static stream => !stream.IsCompleted)} of {Streams} streams are open, for {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s");
        await life.CancelAsync();
        var bytes = await Task.WhenAll(streams);
        await Task.Delay(Settling);
        var after = await ChangesAsync(etcd, kamailio);
        Console.WriteLine($"without a page again: median {after:0.0} ms, {Resident(dispatcher.Pid)} MB resident; with {Streams} streams pushes take {all / ((alone + after) / 2):0.00} times as long as without");
        Console.WriteLine($"read by all streams: {bytes.Sum() / 1e6:0.0} MB, by one {bytes.Average() / 1e3:0} KB");
        return bytes.Min() > 0 ? 0 : 1;
    }

    /// <summary>The median time from etcd's answer to a change of state to its being in Kamailio's list.</summary>
    private static async Task<double> ChangesAsync(EtcdServer etcd, KamailioServer kamailio)
    {
        var times = new List<double>();
        for (var change = 0; change < Changes; change++)
        {
            await Task.Delay(BetweenChanges);
            var isReady = change % 2 == 1;
            await PutAsync(etcd, "/kamrpc/default/members/1/m001", $"{{\"uri\":\"{Uri}\",\"state\":\"{(isReady ? "ready" : "draining")}\"}}");
            var begun = Stopwatch.GetTimestamp();
            await UntilAsync(async () => (await kamailio.ListAsync()).Any(entry => entry.Uri.StartsWith(Uri, StringComparison.Ordinal) && entry.Flags.StartsWith('D') != isReady));
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    /// <summary>By etcd's gateway for JSON: a program for each would take longer than the change.</summary>
    private static async Task PutAsync(EtcdServer etcd, string key, string value)
    {
        using var body = new StringContent($"{{\"key\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(key))}\",\"value\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}\"}}");
        using var response = await Gateway.PostAsync(new Uri(etcd.Endpoint + "/v3/kv/put"), body);
        response.EnsureSuccessStatusCode();
    }

    private static async Task<long> ReadAsync(HttpClient client, CancellationToken cancellationToken)
    {
        long read = 0;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            response.EnsureSuccessStatusCode();
            await using var events = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[16 * 1024];
            for (int length; (length = await events.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                read += length;
            }
        }
        catch (OperationCanceledException)
        {
            // That is its end.
        }

        return read;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await isSo())
        {
            await Task.Delay(1, deadline.Token);
        }
    }

    private static long Resident(int pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
