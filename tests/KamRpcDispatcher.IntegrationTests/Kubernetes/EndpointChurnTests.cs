using System.Globalization;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Kubernetes;

/// <summary>The churn of the unit tests, over real sockets: HTTPS before the dispatcher, and a real Kamailio behind it.</summary>
public class EndpointChurnTests
{
    private const int Steps = 400;
    private const int Endpoints = 100;
    private const int Moves = 100;

    private static readonly string[] Changed = ["added sip:", "removed sip:", "enabled sip:", "disabled sip:"];

    [Test]
    public async Task Kamailios_list_is_the_truth_after_each_quiet_moment_of_churn_with_cut_watches_and_forgotten_versions()
    {
        var random = new Random(4711);
        var churn = new SliceChurn(random, slices: 10, most: Endpoints);
        churn.Fill(Endpoints);
        await using var fleet = await KubernetesFleet.StartAsync(store =>
        {
            foreach (var write in churn.All)
            {
                Write(store, write);
            }
        }, "--panic-threshold", "0", "--removal-delay", "2s");
        await WaitForTruthAsync(0);
        var (cuts, compactions, moves, quiet) = (0, 0, 0, 0);
        for (var step = 1; step <= Steps; step++)
        {
            if (random.Next(20) == 0)
            {
                fleet.Api.CutWatches();
                cuts++;
            }

            if (random.Next(50) == 0)
            {
                fleet.Api.Store.Compact();
                fleet.Api.CutWatches();
                compactions++;
            }

            var next = churn.Next();
            moves += next.IsMove ? 1 : 0;
            foreach (var write in next.Writes)
            {
                Write(fleet.Api.Store, write);
            }

            if (step % 20 == 0)
            {
                await WaitForTruthAsync(step);
                quiet++;
            }
        }

        await BeMovedAsync();
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Steps} steps with {Endpoints} endpoints, {moves} of them moves only, {cuts} cut watches, {compactions} compactions; {quiet} quiet moments, each equal; changes for {Moves} moves more: 0"));

        // Who changes slices and nothing else is no change for Kamailio: no addition, no removal, no state.
        async Task BeMovedAsync()
        {
            await fleet.WaitForListAsync(list => list.Where(static entry => entry.Set == 1).All(entry => churn.Truth.Values.Any(endpoint => entry.Uri == $"sip:{endpoint.Address}:5060")));
            var before = Changes();
            for (var moved = 0; moved < Moves; moved++)
            {
                foreach (var write in churn.NextMove().Writes)
                {
                    Write(fleet.Api.Store, write);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(10));
            }

            await WaitForTruthAsync(Steps);
            Assert.That(Changes(), Is.EqualTo(before), fleet.Dispatcher.Output);
        }

        int Changes() => fleet.Dispatcher.Output.Split('\n').Count(static line => Changed.Any(word => line.Contains(word, StringComparison.Ordinal)));

        Task WaitForTruthAsync(int step)
        {
            var expected = churn.Truth.Values.Where(static endpoint => endpoint.State == ChurnState.Ready).Select(static endpoint => $"sip:{endpoint.Address}:5060").ToHashSet();
            return fleet.WaitForListAsync(list =>
            {
                Assert.That(fleet.Dispatcher.Exited.IsCompleted, Is.False, $"step {step}: {fleet.Dispatcher.Output}");
                return expected.SetEquals(list.Where(static entry => entry.Set == 1 && entry.Flags[0] != 'D').Select(static entry => Spelling.First(entry.Uri)));
            });
        }
    }

    private static void Write(SliceStore store, SliceWrite write)
    {
        if (write.Endpoints is { } endpoints)
        {
            store.Put(SliceText.Slice("asterisk", write.Slice, endpoints.Select(static endpoint => endpoint.ToJson())));
        }
        else
        {
            store.Delete("voice", write.Slice);
        }
    }
}
