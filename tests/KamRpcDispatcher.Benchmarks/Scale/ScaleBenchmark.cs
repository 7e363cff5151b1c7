using System.Globalization;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>
/// What a fleet of a size costs the native dispatcher and Kamailio, beside the bare calls and the same Kamailio without a dispatcher: cold fill, join,
/// leave, return, idle, memory. Of a small fleet joins and leaves beside a client that makes each change as soon as it sees its event.
/// </summary>
internal static class ScaleBenchmark
{
    private const int Joins = 20;
    private const int Leaves = 100;
    private const int SmallFleet = 200;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(60);

    /// <param name="members">How many members.</param>
    /// <param name="program">The native program; null to publish it.</param>
    public static async Task<int> RunAsync(int members, string? program)
    {
        using var folder = new TemporaryFolder();
        program = await NativeProgram.FindAsync(program, folder);
        Tell($"Kamailio {KamailioServer.Release}, {members} members in 4 sets, {program}");
        if (members <= SmallFleet)
        {
            await SmallScale.RunAsync(members, program);
            return 0;
        }

        var (fill, add, idle) = await BareAsync(members);
        await using var fleet = await ScaledFleet.StartAsync(program);
        await fleet.PutAllAsync(members);
        var filled = await fleet.FillAsync();
        Tell($"cold fill            {filled.TotalSeconds:0.0} s; bare calls {fill.TotalSeconds:0.0} s: {filled / fill:0.00} times");

        await Task.Delay(Settling);
        var random = new Random(members);
        TimeSpan Pause() => TimeSpan.FromMilliseconds(random.Next(300, 900));
        var joins = await fleet.MeasureAsync("added", Enumerable.Range(members, Joins), fleet.PutAsync, Pause);
        Tell($"join                 {joins}; bare add {add}: {joins.At(0.5) / add.At(0.5):0.00} times at p50");
        int[] leavers = [.. Enumerable.Range(0, Leaves).Select(number => number * members / Leaves)];
        Tell($"leave                {await fleet.MeasureAsync("disabled", leavers, fleet.DeleteAsync, Pause)}");
        Tell($"return               {await fleet.MeasureAsync("enabled", leavers, fleet.PutAsync, Pause)}");

        await Task.Delay(Settling);
        var (own, theirs) = (ProcessCost.Seconds(fleet.Dispatcher.Pid), ProcessCost.SecondsOfGroup(fleet.Kamailio.Pid));
        await Task.Delay(Idle);
        (own, theirs) = (ProcessCost.Seconds(fleet.Dispatcher.Pid) - own, ProcessCost.SecondsOfGroup(fleet.Kamailio.Pid) - theirs);
        Tell($"idle                 kamrpc {Share(own)}, Kamailio {Share(theirs)}, of which without kamrpc {Share(idle)}: above {Share(theirs - idle)} of a core");
        Tell($"resident             {ProcessCost.Megabytes(fleet.Dispatcher.Pid):0.0} MB");
        return 0;
    }

    internal static void Tell(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>A Kamailio without a dispatcher: the fill, single additions at that size, and its processor time while nothing happens.</summary>
    private static async Task<(TimeSpan Fill, Samples Add, double Idle)> BareAsync(int members)
    {
        await using var bare = await BareClient.StartAsync();
        var fill = await bare.FillAsync(members);
        var add = await bare.AddMoreAsync(Enumerable.Range(members, Joins));
        var begun = ProcessCost.SecondsOfGroup(bare.Pid);
        await Task.Delay(Idle);
        return (fill, add, ProcessCost.SecondsOfGroup(bare.Pid) - begun);
    }

    private static string Share(double seconds) => (seconds / Idle.TotalSeconds).ToString("0.00 %", CultureInfo.InvariantCulture);
}
