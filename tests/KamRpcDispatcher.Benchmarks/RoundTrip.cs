using System.Diagnostics;
using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>
/// How long a call takes over each transport, against a real Kamailio; and beside each over Unix sockets the same bytes through a bare
/// blocking socket, turn by turn in the same run, so that the machine's noise falls on both.
/// </summary>
internal static class RoundTrip
{
    private const string Uri = "sip:127.0.0.1:5071";

    public static async Task<int> RunAsync(int calls)
    {
        await using var kamailio = await OpenKamailio.StartAsync(new KamailioOptions { ListFileLines = [$"1 {Uri} 8 0 duid=a"], PingInterval = TimeSpan.Zero });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Kamailio {KamailioServer.Release}, {calls} calls each, microseconds"));
        Console.WriteLine($"{"transport",-14}{"method",-24}{"p50",8}{"p99",8}{"bare p50",10}{"bare p99",10}{"above at p50",14}");
        foreach (var transport in OpenKamailio.Transports)
        {
            var options = new RpcClientOptions { ReplyDirectory = kamailio.ReplyDirectory, CertificateAuthorityFile = kamailio.CertificateFile, Timeout = TimeSpan.FromSeconds(10) };
            await using var client = new RpcClient(KamailioAddress.Parse(kamailio.Address(transport)), options);
            await MeasureAsync(kamailio, transport, "core.echo", calls, () => client.EchoAsync(CancellationToken.None));
            await MeasureAsync(
                kamailio, transport, "dispatcher.set_state", calls, () => client.SetDestinationStateAsync(DestinationState.Active, isProbed: true, 1, Uri, CancellationToken.None));
        }

        return 0;
    }

    private static async Task MeasureAsync(OpenKamailio kamailio, string transport, string method, int calls, Func<Task> call)
    {
        using var bare = BareSocket.For(kamailio, transport, method);
        var (ours, bares) = (new List<double>(calls), new List<double>(calls));
        for (var i = -(calls / 5); i < calls; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await call();
            var ended = Stopwatch.GetTimestamp();
            bare?.Exchange();
            if (i >= 0)
            {
                ours.Add(Stopwatch.GetElapsedTime(begun, ended).TotalMicroseconds);
                bares.Add(Stopwatch.GetElapsedTime(ended).TotalMicroseconds);
            }
        }

        var text = string.Create(CultureInfo.InvariantCulture, $"{transport,-14}{method,-24}{At(ours, 0.5),8:0}{At(ours, 0.99),8:0}");
        Console.WriteLine(bare is null
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text}{At(bares, 0.5),10:0}{At(bares, 0.99),10:0}{At(ours, 0.5) - At(bares, 0.5),14:0}"));
    }

    private static double At(List<double> values, double share) => values.Order().ElementAt((int)(values.Count * share));
}
