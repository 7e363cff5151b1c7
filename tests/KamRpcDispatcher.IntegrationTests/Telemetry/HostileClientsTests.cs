using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.IntegrationTests.Fleets;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Telemetry;

/// <summary>A thousand clients that are slow, or mean no good.</summary>
public sealed class HostileClientsTests
{
    private const int Clients = 1000;
    private const int Samples = 30;

    /// <summary>Each sample is a change by itself.</summary>
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(100);

    [Test]
    public async Task Pushes_are_no_slower_and_memory_has_a_bound()
    {
        await using var fleet = await Fleet.StartAsync(options: null, "--metrics", "127.0.0.1:0");
        using var scrape = await Scrape.OfAsync(fleet.Dispatcher);
        await scrape.WaitAsync("kamrpc_etcd_reachable 1");
        await fleet.PutUriAsync("1/a", "sip:127.0.72.1:5060");
        await fleet.PutUriAsync("1/b", "sip:127.0.72.2:5060");
        await fleet.WaitForListAsync(static list => list.Count == 2);
        await PushAsync(fleet, "not counted");
        var alone = await PushAsync(fleet, "alone");
        var memory = Resident(fleet.Dispatcher.Pid);

        using var life = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(number => HarassAsync(new IPEndPoint(IPAddress.Loopback, scrape.Address.Port), number, life.Token)).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(1));
        var harassed = await PushAsync(fleet, $"with {Clients} clients");
        var grown = Resident(fleet.Dispatcher.Pid) - memory;
        await life.CancelAsync();
        await Task.WhenAll(clients);
        await TestContext.Out.WriteLineAsync($"median {alone:0.0} ms alone, {harassed:0.0} ms with {Clients} clients; resident memory grew by {grown} MB");

        // Their own threads share two processors with Kamailio and etcd.
        Assert.That(harassed, Is.LessThan((3 * alone) + 10));
        Assert.That(grown, Is.LessThan(64));
        var patience = Stopwatch.StartNew();
        var health = await scrape.GetAsync("/healthz");
        while (health.Status != 200 && patience.Elapsed < Fleet.Deadline)
        {
            // What they left behind is still being put away.
            await Task.Delay(100);
            health = await scrape.GetAsync("/healthz");
        }

        Assert.That(health.Status, Is.EqualTo(200), health.ToString());
    }

    /// <summary>The median time from etcd's answer to a member's change of state to Kamailio's list.</summary>
    private static async Task<double> PushAsync(Fleet fleet, string what)
    {
        var figures = new Figures($"from etcd's answer to disabled or enabled, {what}");
        for (var i = 0; i < Samples; i++)
        {
            await Task.Delay(BetweenSamples);
            var isReady = i % 2 == 1;
            var put = await fleet.PutAsync("1/a", $"{{\"uri\":\"sip:127.0.72.1:5060\",\"state\":\"{(isReady ? "ready" : "draining")}\"}}");
            figures.Add(put, await fleet.WaitForListAsync(list => Fleet.IsEnabled(list, "sip:127.0.72.1:5060") == isReady));
        }

        figures.Print();
        return figures.Median;
    }

    /// <summary>One says little by little what it wants, one asks for all and does not read, one asks nonsense; each comes again when it is thrown out.</summary>
    private static async Task HarassAsync(IPEndPoint address, int number, CancellationToken cancellationToken)
    {
        var request = Encoding.ASCII.GetBytes((number % 3) switch
        {
            0 => "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " + new string('x', 500),
            1 => string.Concat(Enumerable.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 20)),
            _ => "BREW /pot HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 100000\r\n\r\n",
        });
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
                await socket.ConnectAsync(address, cancellationToken);
                var step = number % 3 == 0 ? 1 : request.Length;
                for (var at = 0; at < request.Length; at += step)
                {
                    await socket.SendAsync(request.AsMemory(at, step), cancellationToken);
                    await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
                }
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static long Resident(int pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
}
