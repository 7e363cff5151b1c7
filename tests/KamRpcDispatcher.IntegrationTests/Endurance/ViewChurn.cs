using System.Diagnostics;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.IntegrationTests.Chaos;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Processes;
using KamRpcDispatcher.Processes.Views;
using KamRpcDispatcher.Push.Grace;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KamRpcDispatcher.IntegrationTests.Endurance;

/// <summary>
/// Structural changes without a pause, spaced by what one view of Kamailio's processes sees: what the dispatcher's executor does, without etcd
/// and the rest of it. All destinations answer calls all the time, so that a call which fails is the fault of none of them.
/// </summary>
internal sealed class ViewChurn : IAsyncDisposable
{
    private const int Staying = 2;
    private const int Coming = 40;
    private const int BusyLoops = 2;
    private const int SharedMemory = 512;
    private const int LongestReply = 10;

    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(300);

    private readonly SipResponder _responder = new("127.0.17", Staying + Coming);
    private readonly GraceFigures _figures = new();
    private readonly IProcessView _view;
    private RpcClient _client = null!;

    private ViewChurn(IProcessView view) => _view = view;

    public KamailioServer Kamailio { get; private set; } = null!;

    public ObservedGrace Grace { get; private set; } = null!;

    /// <summary>What came of the grace periods.</summary>
    public string Waits => $"{_figures.Read("observed")}";

    /// <param name="options">Any Kamailio that has the snippet; it gets a list file and more memory.</param>
    /// <param name="view">The only view.</param>
    public static Task<ViewChurn> StartAsync(KamailioOptions options, IProcessView view) =>
        ServerLife.StartOrDisposeAsync(new ViewChurn(view), churn => churn.BeginAsync(options));

    /// <summary>Changes under calls and beside busy loops, until enough and the shortest time is over, the longest is, or Kamailio has ended.</summary>
    public async Task<StructuralChangeFigures> RunAsync(int changes, TimeSpan shortest, TimeSpan longest, int callsPerSecond)
    {
        await using var load = SipLoad.Start(Kamailio.Sip, (int)(callsPerSecond * longest.TotalSeconds), callsPerSecond, CallDuration, SipLoadLimits.Endurance);
        await using var busy = new BusyProcesses(BusyLoops, longest + TimeSpan.FromSeconds(5));
        var (begun, made) = (Stopwatch.GetTimestamp(), 0);
        try
        {
            var version = await _client.GetVersionAsync(CancellationToken.None);
            while (Stopwatch.GetElapsedTime(begun) is var elapsed && elapsed < longest && (made < changes || elapsed < shortest))
            {
                if (await Grace.WaitAsync(CancellationToken.None))
                {
                    await ChangeAsync(made++, version);
                }
            }
        }
        catch (KamailioRpcException) when (Kamailio.Exited.IsCompleted)
        {
            // The caller looks why.
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        return new StructuralChangeFigures(made, seconds, Kamailio.Exited.IsCompleted ? await load.AbandonAsync() : await load.FinishAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Grace?.Dispose();
        await (_client?.DisposeAsync() ?? default);
        await ServerLife.EndAsync(Kamailio);
        await _responder.DisposeAsync();
    }

    private async Task BeginAsync(KamailioOptions options)
    {
        Kamailio = await KamailioServer.StartAsync(options with
        {
            SharedMemoryMegabytes = SharedMemory,
            ListFileLines = [.. _responder.Uris.Take(Staying).Select(static (uri, number) => $"1 {uri} 8 {number + 1} duid=stays-{number}")],
        });
        _client = new RpcClient(KamailioAddress.Parse(Kamailio.RpcAddress), new RpcClientOptions { Timeout = TimeSpan.FromSeconds(LongestReply) });
        Grace = new ObservedGrace(
            new ProcessSurvey(_client.ListProcessesAsync, ProcessIdentity.Check, [_view], TimeProvider.System),
            new ProcessMovement(),
            new GraceOptions { Gap = TimeSpan.FromSeconds(1), Cap = Cap },
            _figures,
            TimeProvider.System,
            NullLogger<ObservedGrace>.Instance);
    }

    /// <summary>All that come are added one after the other, then all are removed, and so on.</summary>
    private async Task ChangeAsync(int number, KamailioVersion version)
    {
        var uri = _responder.Uris[Staying + (number % Coming)];
        try
        {
            await (number / Coming % 2 == 0
                ? _client.AddDestinationAsync(version, 1, uri, DestinationFlags.Probing, 1000 + (number % Coming), "kamrpc=churn", CancellationToken.None)
                : _client.RemoveDestinationAsync(1, uri, CancellationToken.None));
        }
        finally
        {
            Grace.Begin();
        }
    }
}
