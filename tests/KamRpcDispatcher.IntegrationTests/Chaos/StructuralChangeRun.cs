using System.Diagnostics;
using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Chaos;

/// <summary>
/// An installation whose call set never rests: two members stay (SIPp), forty come and go, and all of them answer calls all the time, so
/// that a call which fails is the fault of neither.
/// </summary>
internal sealed class StructuralChangeRun : IAsyncDisposable
{
    private const int Coming = 40;
    private const int Staying = 2;
    private const int BusyLoops = 2;

    /// <summary>The default of 64 MiB is full after some 18,000 changes at 300 calls a second: transactions take most of it, the leak the rest.</summary>
    private const int SharedMemory = 512;

    private readonly List<SipServer> _stable = [];
    private readonly SipResponder _responder = new("127.0.11", Coming);

    private StructuralChangeRun()
    {
    }

    public Fleet Fleet { get; private set; } = null!;

    public ChangeCounter Counter { get; } = new();

    public static Task<StructuralChangeRun> StartAsync(params string[] dispatchOptions) => StartAsync(new KamailioOptions(), dispatchOptions);

    /// <summary>With more in Kamailio's configuration.</summary>
    public static Task<StructuralChangeRun> StartAsync(KamailioOptions kamailio, params string[] dispatchOptions) =>
        ServerLife.StartOrDisposeAsync(new StructuralChangeRun(), run => run.BeginAsync(kamailio, dispatchOptions));

    /// <summary>Changes under calls and beside busy loops, until enough, until the time is up or until Kamailio has ended.</summary>
    /// <param name="changes">How many are enough.</param>
    /// <param name="shortest">How long it goes on at least.</param>
    /// <param name="longest">How long at most.</param>
    /// <param name="perSecond">Calls that begin in a second.</param>
    /// <param name="callDuration">How long each is held.</param>
    /// <param name="abandonsCalls">Where calls are more than Kamailio can do, what becomes of those that are up at the end says nothing, and takes half a minute.</param>
    public async Task<StructuralChangeFigures> RunAsync(int changes, TimeSpan shortest, TimeSpan longest, int perSecond, TimeSpan callDuration, bool abandonsCalls = false)
    {
        var calls = (int)(perSecond * longest.TotalSeconds);
        await using var load = SipLoad.Start(Fleet.Kamailio.Sip, calls, perSecond, callDuration, SipLoadLimits.Endurance);
        await using var busy = new BusyProcesses(BusyLoops, longest + TimeSpan.FromSeconds(5));
        var mill = new ChangeMill(Fleet, Counter, _responder.Uris);
        var (begun, before) = (Stopwatch.GetTimestamp(), Counter.Count);
        await mill.TurnAsync((int)Math.Min((long)changes + before, int.MaxValue), shortest, longest, Fleet.Kamailio.Exited);
        var (counted, seconds) = (Counter.Count - before, Stopwatch.GetElapsedTime(begun).TotalSeconds);
        if (Fleet.Kamailio.Exited.IsCompleted)
        {
            return new StructuralChangeFigures(counted, seconds, await load.AbandonAsync());
        }

        await mill.EmptyAsync();
        return new StructuralChangeFigures(counted, seconds, abandonsCalls ? await load.AbandonAsync() : await load.FinishAsync());
    }

    /// <summary>Waits until the members that came and went are gone and shared memory is back below the bound; answers the least that was seen.</summary>
    public async Task<long> SharedMemoryBelowAsync(long bound)
    {
        await Fleet.WaitForListAsync(list => list.Count == Staying);
        var (begun, least) = (Stopwatch.GetTimestamp(), long.MaxValue);
        while (least > bound && Stopwatch.GetElapsedTime(begun) < MemoryWatch.Deadline)
        {
            least = Math.Min(least, (await Fleet.Kamailio.SharedMemoryAsync()).Used);
            await Task.Delay(100);
        }

        return least;
    }

    /// <summary>What the dispatcher reports of its grace periods.</summary>
    public async Task<string?> GraceAsync() =>
        JsonElement.Parse(await Fleet.Etcd.GetAsync(Fleet.Keys.Proxy("p1")) ?? "{}").TryGetProperty("grace", out var grace) ? grace.ToString() : null;

    public async ValueTask DisposeAsync()
    {
        await (Fleet?.DisposeAsync() ?? default);
        foreach (var server in _stable)
        {
            await server.DisposeAsync();
        }

        await _responder.DisposeAsync();
    }

    private async Task BeginAsync(KamailioOptions kamailio, string[] dispatchOptions)
    {
        Fleet = await Fleet.StartAsync(new FleetOptions
        {
            Kamailio = kamailio with { Workers = 4, SharedMemoryMegabytes = SharedMemory },

            // A few names make thousands of changes here.
            Dispatch = [.. dispatchOptions, "--change-burst", "0"],
            OnDispatcherLine = Counter.See,
        });
        for (var i = 0; i < Staying; i++)
        {
            _stable.Add(await SipServer.StartAsync());
            await Fleet.PutUriAsync($"1/stable-{i}", _stable[i].Uri);
        }

        await Fleet.WaitForListAsync(list => _stable.TrueForAll(server => Fleet.IsRoutable(list, server.Uri)));
    }
}
