using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.Plan.Shares;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>A Kamailio with the servers "v1", "v2" and "v3", who stand in the home set 1 and each in a class of his own.</summary>
internal sealed class SharedKamailio : IAsyncDisposable
{
    private static readonly TimeSpan CountPatience = TimeSpan.FromSeconds(10);

    public const int Home = 1;

    /// <summary>The numbers of the classes: none that would be the same to a reader of octal numbers.</summary>
    public static IReadOnlyList<int> Numbers { get; } = [8, 10, 123];

    private const int AtOnce = 4;

    private readonly SipResponder[] _servers;

    private SharedKamailio(SipResponder[] servers) => _servers = servers;

    public KamailioServer Kamailio { get; private set; } = null!;

    /// <param name="config">Lines for Kamailio's config, above the snippet.</param>
    /// <param name="home">Which of the servers stand in the home set, in the order of their numbers; null for all.</param>
    /// <param name="algorithm">By which Kamailio selects.</param>
    public static async Task<SharedKamailio> StartAsync(string config = "", string? home = null, string algorithm = "4")
    {
        RealServers.Require("kamailio");
        var shared = new SharedKamailio([new("127.0.7", 1), new("127.0.7", 1), new("127.0.7", 1)]);
        return await ServerLife.StartOrDisposeAsync(shared, async it => it.Kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            Algorithm = algorithm,
            PingInterval = TimeSpan.Zero,
            ExtraConfig = config,
            ListFileLines =
            [
                .. (home ?? "v1 v2 v3").Split(' ').Select(name => $"{Home} {it.Uri(name)}"),
                .. Numbers.Select((number, index) => $"{ShareMap.FirstSet + number} {it._servers[index].Uris[0]}"),
            ],
        }));
    }

    public SipResponder Server(string name) => _servers[name[1] - '1'];

    public string Uri(string name) => Server(name).Uris[0];

    /// <summary>The server in the class that a map has in the slot of a key.</summary>
    public string ServerOf(ShareMap map, string key) => _servers[Numbers.ToList().IndexOf(map[CoreHash.SlotOf(key)])].Uris[0];

    public Task ShareAsync(ShareMap map) => Kamailio.CallAsync("htable.sets", "kamrpc_shares", "1", map.Text);

    /// <summary>The calls that Kamailio counts for a class of the home set, by the server that had them first.</summary>
    public async Task<int> CountAsync(int number, string server, int calls) => (await CountsAsync(calls).ConfigureAwait(false)).GetValueOrDefault($"{Home}:{(number == 0 ? 0 : ShareMap.FirstSet + number)}:{Uri(server)}");

    /// <summary>All that Kamailio counts.</summary>
    /// <param name="calls">How many calls are to be counted: the last may have been answered a moment before it is.</param>
    public async Task<IReadOnlyDictionary<string, int>> CountsAsync(int calls)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var counts = await DumpAsync().ConfigureAwait(false);
            if (counts.Values.Sum() >= calls || Stopwatch.GetElapsedTime(begun) > CountPatience)
            {
                return counts;
            }

            await Task.Delay(10).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyDictionary<string, int>> DumpAsync()
    {
        var dump = await Kamailio.CallAsync("htable.dump", "kamrpc_counts").ConfigureAwait(false);
        return dump.ValueKind != JsonValueKind.Array ? [] : dump.EnumerateArray().SelectMany(static slot => slot.GetProperty("slot").EnumerateArray())
            .ToDictionary(static item => item.GetProperty("name").GetString()!, static item => item.GetProperty("value").GetInt32());
    }

    /// <summary>Makes calls, a few at a time, and tells how each ended and how many went out in a second.</summary>
    /// <param name="calls">Their Call-IDs and callers.</param>
    public async Task<(IReadOnlyDictionary<string, QuickCall> Calls, double PerSecond)> CallAsync(IReadOnlyCollection<(string CallId, string Caller)> calls)
    {
        var (ended, begun) = (new ConcurrentDictionary<string, QuickCall>(), Stopwatch.GetTimestamp());
        await Parallel.ForEachAsync(calls, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (call, _) => ended[call.CallId] = await QuickCall.MakeAsync(Kamailio.Sip, call.CallId, call.Caller).ConfigureAwait(false)).ConfigureAwait(false);
        return (ended, calls.Count / Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }

    /// <summary>Makes so many calls of one caller, and tells how each ended.</summary>
    public async Task<IReadOnlyList<QuickCall>> CallAsync(int calls) => [.. (await CallAsync(NewCalls(calls)).ConfigureAwait(false)).Calls.Values];

    public static IReadOnlyList<(string CallId, string Caller)> NewCalls(int count, Func<int, string>? caller = null) =>
        [.. Enumerable.Range(0, count).Select(number => ($"{Guid.NewGuid():N}@127.0.0.1", caller?.Invoke(number) ?? "sip:caller@example.org"))];

    public async ValueTask DisposeAsync()
    {
        if (Kamailio is not null)
        {
            await Kamailio.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }
}
