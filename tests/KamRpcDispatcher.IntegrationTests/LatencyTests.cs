using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>From etcd to Kamailio's list, as another client of Kamailio sees it.</summary>
public class LatencyTests
{
    /// <summary>Longer than the default gap between structural changes: each sample is a change by itself.</summary>
    private static readonly TimeSpan BetweenSamples = TimeSpan.FromMilliseconds(150);

    [Test]
    public async Task A_member_is_routable_within_20_ms_of_its_announcement()
    {
        await using var fleet = await Fleet.StartAsync();
        var figures = new Figures("from etcd's answer to the put, to routable");
        for (var i = 0; i < 50; i++)
        {
            await Task.Delay(BetweenSamples);
            var uri = $"sip:127.0.1.{i + 1}:5060";
            var put = await fleet.PutUriAsync($"1/m{i}", uri);
            figures.Add(put, await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, uri)));
        }

        figures.Print();
        Assert.That(figures.Median, Is.LessThan(20));
    }

    [Test]
    public async Task A_member_whose_announcer_is_stopped_is_disabled_within_20_ms_of_its_delete_and_then_removed()
    {
        await using var fleet = await Fleet.StartAsync();
        var uri = "sip:127.0.0.1:5099";
        using var store = new EtcdConnection(Fleet.Endpoints(fleet.Etcd), TimeProvider.System);
        await fleet.PutUriAsync("1/other", "sip:127.0.0.1:5098");
        var figures = new Figures("from the delete event, to disabled");
        for (var i = 0; i < 11; i++)
        {
            var announcer = await fleet.AnnounceAsync("leaver", uri);
            await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, uri));
            var key = ByteString.CopyFromUtf8(fleet.Keys.Members + "1/leaver");
            await using var stream = await WatchStream.OpenAsync(store, key, ByteString.Empty, 0, TimeProvider.System, CancellationToken.None);
            Assert.That((await stream.ReadAsync(isUrgent: false, CancellationToken.None)).Created);

            announcer.Signal(UnixSignals.Terminate);
            WatchResponse response;
            do
            {
                response = await stream.ReadAsync(isUrgent: false, CancellationToken.None);
            }
            while (response.Events.All(static change => change.Type != Mvccpb.Event.Types.EventType.Delete));

            var deleted = Stopwatch.GetTimestamp();
            figures.Add(deleted, await fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, uri)));
            await fleet.WaitForListAsync(list => list.All(entry => entry.Uri != uri));
            Assert.That(await announcer.Exited.WaitAsync(Fleet.Deadline), Is.Zero);
        }

        figures.Print();
        Assert.That(figures.Median, Is.LessThan(20));
        Assert.That(fleet.Dispatcher.Output, Does.Contain($"disabled {uri}").And.Contain($"removed {uri}"));
    }

    [Test]
    public async Task A_member_whose_announcer_is_killed_is_out_within_its_TTL_and_a_second()
    {
        await using var fleet = await Fleet.StartAsync();
        var uri = "sip:127.0.0.1:5099";
        var ttl = TimeSpan.FromSeconds(5);
        var announcer = await fleet.AnnounceAsync("victim", uri, "--ttl", "5s");
        await fleet.WaitForListAsync(list => Fleet.IsRoutable(list, uri));

        announcer.Kill();
        var killed = Stopwatch.GetTimestamp();
        var gone = await fleet.WaitForListAsync(list => !Fleet.IsEnabled(list, uri));

        var figures = new Figures("from SIGKILL of the announcer (TTL 5 s), to out");
        figures.Add(killed, gone);
        figures.Print();
        Assert.That(figures.Median, Is.LessThan((ttl + TimeSpan.FromSeconds(1)).TotalMilliseconds));
    }
}
