using System.Diagnostics;
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
        await WholeAsync(fleet);

        await fleet.DeleteAsync("1/m0");
        await fleet.Dispatcher.WaitForLineAsync($"{Count - 1} destinations in 1 sets", TimeSpan.FromSeconds(60));
    }

    /// <summary>So long a list is read every few seconds: these are noticed by the sentinel and by the socket.</summary>
    [Test]
    public async Task A_reload_and_a_restart_are_noticed_within_a_second_though_the_list_is_seldom_read()
    {
        await using var fleet = await Fleet.StartAsync();
        await PutAllAsync(fleet);
        await WholeAsync(fleet);

        await fleet.Kamailio.CallAsync("dispatcher.reload");
        var back = await AddedAgainAsync(fleet, Stopwatch.GetTimestamp());
        await WholeAsync(fleet);

        await fleet.Kamailio.StartAgainAsync();
        var restarted = await AddedAgainAsync(fleet, fleet.Kamailio.AnsweredTimestamp);
        await WholeAsync(fleet);
        await TestContext.Out.WriteLineAsync($"{Count} members: {back.TotalMilliseconds:0} ms from a reload to the first of them back, {restarted.TotalMilliseconds:0} ms from the first answer after a restart");
        Assert.Multiple(() =>
        {
            Assert.That(back, Is.LessThan(TimeSpan.FromSeconds(1)));
            Assert.That(restarted, Is.LessThan(TimeSpan.FromSeconds(1)));
        });
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

    private static async Task<TimeSpan> AddedAgainAsync(Fleet fleet, long since)
    {
        while ((await fleet.Kamailio.ShortListAsync()).Count == 0)
        {
            await Task.Delay(1);
        }

        return Stopwatch.GetElapsedTime(since);
    }

    /// <summary>Without attributes a datagram takes as many.</summary>
    private static async Task WholeAsync(Fleet fleet)
    {
        var begun = Stopwatch.GetTimestamp();
        while ((await fleet.Kamailio.ShortListAsync()).Count < Count)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(TimeSpan.FromSeconds(60)), fleet.Dispatcher.Output);
            await Task.Delay(50);
        }
    }

    private static async Task PutAllAsync(Fleet fleet)
    {
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(50))
        {
            await Task.WhenAll(chunk.Select(number => fleet.PutUriAsync($"1/m{number}", $"sip:127.1.{number / 250}.{(number % 250) + 1}:5060")));
        }
    }
}
