using System.Globalization;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>How a worker spends its time.</summary>
internal enum LoadKind
{
    /// <summary>It waits for something else in the middle of its script, as for a database: here it sleeps.</summary>
    Blocking,

    /// <summary>Its script computes.</summary>
    Computing,
}

/// <summary>
/// A Kamailio that gets more calls than its workers can do, so that none of them ever waits for a request. Each reply costs a worker a known
/// time, whatever the machine: what a call costs besides is small.
/// </summary>
internal sealed class OverloadedKamailio : IAsyncDisposable
{
    private const int Workers = 2;
    private const int RepliesPerCall = 2;
    private const int Members = 40;

    /// <summary>Of queued messages, by the kernel's account: a queue that long does not run empty between two looks.</summary>
    private const long LongQueue = 64 * 1024;

    private static readonly TimeSpan CostOfReply = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly SipResponder _responder = new("127.0.15", Members);
    private RunningSipLoad? _load;

    private OverloadedKamailio()
    {
    }

    public KamailioServer Kamailio { get; private set; } = null!;

    /// <summary>Not in the list: for changes.</summary>
    public string Comer => _responder.Uris[^1];

    public static Task<OverloadedKamailio> StartAsync(LoadKind kind, int percent, TimeSpan longest)
    {
        RealServers.Require("kamailio", "sipp");
        return ServerLife.StartOrDisposeAsync(new OverloadedKamailio(), overloaded => overloaded.BeginAsync(kind, percent, longest));
    }

    public async ValueTask DisposeAsync()
    {
        await (_load?.DisposeAsync() ?? default);
        await (Kamailio?.DisposeAsync() ?? default);
        await _responder.DisposeAsync();
    }

    private async Task BeginAsync(LoadKind kind, int percent, TimeSpan longest)
    {
        Kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            Workers = Workers,
            SharedMemoryMegabytes = 256,

            // Replies to pings would come too late as well, and a set without anybody costs nothing.
            PingInterval = TimeSpan.Zero,
            ListFileLines = [.. _responder.Uris.SkipLast(1).Select(static uri => $"1 {uri} 8 0 duid=stays")],
            FinalConfig = Script(kind),
        });
        var perSecond = (int)(Workers / (RepliesPerCall * CostOfReply.TotalSeconds) * percent / 100);
        _load = SipLoad.Start(Kamailio.Sip, (int)(perSecond * longest.TotalSeconds), perSecond, CallDuration, SipLoadLimits.Endurance);
        await QueueIsLongAsync();
    }

    /// <summary>Until messages have been waiting for a worker all the time for a while.</summary>
    private async Task QueueIsLongAsync()
    {
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var looks = 0; looks < 50; looks = Queued() >= LongQueue ? looks + 1 : 0)
        {
            Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(Deadline), "the workers do it all");
            await Task.Delay(10);
        }
    }

    private long Queued()
    {
        // "sl local_address rem_address st tx_queue:rx_queue ...", all in hexadecimal digits.
        var port = Kamailio.Sip.Port.ToString("X4", CultureInfo.InvariantCulture);
        return File.ReadLines("/proc/net/udp").Skip(1)
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[1].EndsWith(":" + port, StringComparison.Ordinal))
            .Sum(static columns => long.Parse(columns[4].Split(':')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    private static string Script(LoadKind kind)
    {
        var microseconds = (int)CostOfReply.TotalMicroseconds;
        return kind == LoadKind.Blocking
            ? $$"""
                loadmodule "cfgutils.so"
                reply_route {
                    usleep("{{microseconds}}");
                }
                """
            : $$"""
                max_while_loops=10000000
                reply_route {
                    $var(begun) = $TV(un);
                    $var(past) = 0;
                    while ($var(past) < {{microseconds}}) {
                        $var(past) = ($TV(un) - $var(begun) + 1000000) mod 1000000;
                    }
                }
                """;
    }
}
