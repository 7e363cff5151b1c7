using System.Collections.Concurrent;
using System.Diagnostics;

namespace KamRpcDispatcher.Benchmarks.Scale;

/// <summary>A small fleet: each change by the dispatcher and, in a Kamailio of its own, by a client that makes it as soon as it sees the event, in the same run.</summary>
internal static class SmallScale
{
    private const int Changes = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    public static async Task RunAsync(int members, string program)
    {
        await using var bare = await BareClient.StartAsync();
        await using var fleet = await ScaledFleet.StartAsync(program);
        await bare.FillAsync(members);
        await fleet.PutAllAsync(members);
        var filled = await fleet.FillAsync();
        using var stop = new CancellationTokenSource();
        var awaited = new ConcurrentDictionary<(string Name, bool IsThere), TaskCompletionSource<long>>();
        var opened = new TaskCompletionSource();
        var following = bare.FollowAsync(fleet.Store, fleet.Keys, opened.SetResult, (name, isThere, done) => Bare(name, isThere).TrySetResult(done), stop.Token);
        await opened.Task;
        var (joined, barely) = await BothAsync("added", true, fleet.PutAsync);
        ScaleBenchmark.Tell($"cold fill            {filled.TotalSeconds:0.00} s");
        ScaleBenchmark.Tell($"join                 {joined}; bare client {barely}: {joined.At(0.5) / barely.At(0.5):0.00} times at p50");
        ScaleBenchmark.Tell($"first change         {joined.First:0.0} ms, the hundredth {joined.Last:0.0} ms; bare client {barely.First:0.0} and {barely.Last:0.0} ms");
        (joined, barely) = await BothAsync("disabled", false, fleet.DeleteAsync);
        ScaleBenchmark.Tell($"leave                {joined}; bare client {barely}: {joined.At(0.5) / barely.At(0.5):0.00} times at p50");
        ScaleBenchmark.Tell($"resident             {ProcessCost.Megabytes(fleet.Dispatcher.Pid):0.0} MB");
        await stop.CancelAsync();
        await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        TaskCompletionSource<long> Bare(string name, bool isThere) => awaited.GetOrAdd((name, isThere), static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

        async Task<(Samples Ours, Samples Bare)> BothAsync(string what, bool isThere, Func<int, Task<long>> write)
        {
            var (ours, theirs) = (new Samples(), new Samples());
            for (var number = members; number < members + Changes; number++)
            {
                var done = fleet.WhenAsync(what, number);
                var written = await write(number);
                ours.Add(Stopwatch.GetElapsedTime(written, await done));
                theirs.Add(Stopwatch.GetElapsedTime(written, await Bare(Crowd.Name(number), isThere).Task));
                await Task.Delay(Pause);
            }

            return (ours, theirs);
        }
    }
}
