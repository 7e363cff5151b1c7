using System.Diagnostics;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>
/// What the list that Kamailio loads at its start is worth (<c>--boot-list</c>): a cold fill under calls, and a restart of Kamailio while the dispatcher is stopped, each with
/// calls to a set of two servers.
/// </summary>
internal static class BootBenchmark
{
    private const int CalledSet = 5;
    private const int PerSecond = 100;
    private const int Calls = 10 * PerSecond;

    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="members">How many members.</param>
    /// <param name="program">The native program; null to publish it.</param>
    public static async Task<int> RunAsync(int members, string? program)
    {
        using var folder = new TemporaryFolder();
        program = await NativeProgram.FindAsync(program, folder);
        ScaleBenchmark.Tell($"Kamailio {KamailioServer.Release}, {members} members in 4 sets and 2 in another one, {program}");
        await using var first = await SipServer.StartAsync();
        await using var second = await SipServer.StartAsync();
        await using var fleet = await ScaledFleet.StartAsync(program, ScaledFleet.Roomy with { Set = CalledSet, ExtraConfig = "#!define KAMRPC_LOAD_MODE 0" });
        await fleet.PutAllAsync(members);
        await fleet.Etcd.PutAsync($"{fleet.Keys.Members}{CalledSet}/s1", $$"""{"uri":"{{first.Uri}}"}""");
        await fleet.Etcd.PutAsync($"{fleet.Keys.Members}{CalledSet}/s2", $$"""{"uri":"{{second.Uri}}"}""");

        var filling = fleet.FillAsync("--boot-list", fleet.Kamailio.ListFile);
        while (!await IsListedAsync(fleet.Kamailio, first.Uri))
        {
            await Task.Delay(1);
        }

        var result = await SipLoad.RunAsync(fleet.Kamailio.Sip, Calls, PerSecond, CallDuration);
        ScaleBenchmark.Tell($"cold fill            {(await filling).TotalSeconds:0.00} s from the start of the program to in step; {PerSecond} calls/s from the first destination on: {result}");

        var size = await SizeAsync(fleet.Kamailio.ListFile, members);
        await fleet.Dispatcher.StopAsync(Patience);
        await fleet.Kamailio.StopAsync();
        var begun = Stopwatch.GetTimestamp();
        await fleet.Kamailio.StartAgainAsync();
        var started = Stopwatch.GetElapsedTime(begun);
        result = await SipLoad.RunAsync(fleet.Kamailio.Sip, Calls, PerSecond, CallDuration);
        ScaleBenchmark.Tell($"restart without us   Kamailio answers RPC after {started.TotalSeconds:0.00} s, with a list of {size / 1e6:0.0} MB; {PerSecond} calls/s from then on: {result}");

        // Nothing is left to do for one that comes back.
        var back = await fleet.FillAsync("--boot-list", fleet.Kamailio.ListFile);
        ScaleBenchmark.Tell($"start beside it      {back.TotalSeconds:0.00} s from the start of the program to in step; resident {ProcessCost.Megabytes(fleet.Dispatcher.Pid):0.0} MB");
        return 0;
    }

    /// <summary>A change of state fails where there is nothing to change.</summary>
    private static async Task<bool> IsListedAsync(KamailioServer kamailio, string uri)
    {
        try
        {
            await kamailio.CallAsync("dispatcher.set_state", "ap", CalledSet, uri);
            return true;
        }
        catch (RpcCallException)
        {
            return false;
        }
    }

    /// <summary>Of the file, once all are in it.</summary>
    private static async Task<long> SizeAsync(string file, int members)
    {
        var begun = Stopwatch.GetTimestamp();
        while (File.ReadLines(file).Count(static line => line.EndsWith("kamrpc=default", StringComparison.Ordinal)) < members + 2)
        {
            await Task.Delay(100);
            if (Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new TimeoutException($"{file} is not whole");
            }
        }

        return new FileInfo(file).Length;
    }
}
