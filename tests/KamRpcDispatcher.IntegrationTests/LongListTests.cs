using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>More destinations than fit into a datagram.</summary>
[Category("Matrix")]
[Parallelizable]
public class LongListTests
{
    private const int Count = 1000;

    [Test]
    public async Task A_thousand_destinations_are_managed_when_there_is_a_FIFO_to_read_them_from()
    {
        await using var fleet = await Fleet.StartAsync();

        await PutAllAsync(fleet);
        await fleet.Dispatcher.WaitForLineAsync($"{Count} destinations in 1 sets", TimeSpan.FromSeconds(60));

        await fleet.DeleteAsync("1/m0");
        await fleet.Dispatcher.WaitForLineAsync($"{Count - 1} destinations in 1 sets", TimeSpan.FromSeconds(60));
    }

    [Test]
    public async Task Without_one_no_more_is_added_than_can_be_read_and_what_to_do_is_said()
    {
        await using var fleet = await Fleet.StartAsync(KamailioOptions.WithLatePings with { ExtraConfig = "#!define KAMRPC_TRANSPORT 4" });

        await PutAllAsync(fleet);
        await fleet.Dispatcher.WaitForLineAsync("name it with --kamailio-read", TimeSpan.FromSeconds(60));

        // Not blind: who leaves gets no calls any more, and makes room.
        await fleet.DeleteAsync("1/m0");
        await fleet.Dispatcher.WaitForLineAsync("disabled sip:127.1.0.1:5060", TimeSpan.FromSeconds(10));
    }

    private static async Task PutAllAsync(Fleet fleet)
    {
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(50))
        {
            await Task.WhenAll(chunk.Select(number => fleet.PutUriAsync($"1/m{number}", $"sip:127.1.{number / 250}.{(number % 250) + 1}:5060")));
        }
    }
}
