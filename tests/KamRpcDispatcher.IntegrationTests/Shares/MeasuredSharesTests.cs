using System.Globalization;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Shares;

/// <summary>What is told of shares is what was called; and no split is taken on that Kamailio's list would be too long for.</summary>
[Parallelizable]
public sealed class MeasuredSharesTests
{
    [Test]
    public async Task Calls_are_told_by_class_and_member_as_many_as_were_made()
    {
        await using var servers = new SipResponder("127.0.66", 3);
        await using var fleet = await Fleet.StartAsync();
        for (var index = 0; index < 3; index++)
        {
            await fleet.PutAsync($"1/m{index}", $$$"""{"uri":"{{{servers.Uris[index]}}}","labels":{"version":"{{{(index < 2 ? "v1" : "v2")}}}"}}""");
        }

        await SplitAsync(fleet, """{"label":"version","shares":{"v1":75,"v2":25},"by":"ops@host"}""");
        var reports = new Reports(fleet.Store);
        await reports.WaitAsync(static status => status.Shares is { IsCounted: true, Classes: [{ Calls: 0 }, { Calls: 0 }] }, within: TimeSpan.FromSeconds(60));

        var made = new Dictionary<string, int>();
        foreach (var (callId, caller) in SharedKamailio.NewCalls(200))
        {
            var server = (await QuickCall.MakeAsync(fleet.Kamailio.Sip, callId, caller)).Server!;
            made[server] = made.GetValueOrDefault(server) + 1;
        }

        var counted = (await reports.WaitAsync(static status => status.Shares!.Classes.Sum(static one => one.Calls) == 200, within: TimeSpan.FromSeconds(60))).Shares!;
        Assert.That(counted.Members.ToDictionary(static member => member.Name, static member => member.Calls), Is.EqualTo(servers.Uris.Select(static (uri, index) => (uri, index)).ToDictionary(static one => $"m{one.index}", one => (long)made.GetValueOrDefault(one.uri))));
        Assert.That(counted.Classes.Select(static one => (one.Class, one.Wanted, one.Calls)), Is.EqualTo(new[] { ("v1", 750, (long?)(made[servers.Uris[0]] + made[servers.Uris[1]])), ("v2", 250, made[servers.Uris[2]]) }));

        var (exitCode, output, errors) = await Kamrpc.RunAsync("split", "1", "--etcd", fleet.Etcd.Endpoint);
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)), output);
        Assert.That(output, Does.StartWith("Set 1 is split, version=v1:75 v2:25, by ops@host.\n").And.Match($@"\n  1 +v2 +p1 +25\.0 % +{(made[servers.Uris[2]] / 2.0).ToString("0.0", CultureInfo.InvariantCulture)} % +{made[servers.Uris[2]]} +\S+ until \S+ ago"));
        var status = JsonElement.Parse((await Kamrpc.RunAsync("status", "-o", "json", "--etcd", fleet.Etcd.Endpoint)).Output).GetProperty("sharedCalls");
        Assert.That(status.EnumerateArray().Sum(static one => one.GetProperty("calls").GetInt32()), Is.EqualTo(200));
    }

    [Test]
    public async Task A_split_whose_classes_would_not_fit_into_a_datagram_is_refused_and_one_that_comes_all_the_same_makes_nobody_blind()
    {
        const int Count = 350;
        await using var fleet = await Fleet.StartAsync(KamailioOptions.WithLatePings with { ExtraConfig = "#!define KAMRPC_TRANSPORT 4" });
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(50))
        {
            await Task.WhenAll(chunk.Select(number => fleet.PutAsync($"1/m{number}", $$$"""{"uri":"sip:127.2.{{{number / 250}}}.{{{(number % 250) + 1}}}:5060","labels":{"version":"v{{{(number % 2) + 1}}}"}}""")));
        }

        await new Reports(fleet.Store).WaitAsync(static status => status is { Sets: var sets, List: { Destinations: > Count, Most: not null } } && sets.TryGetValue(1, out var set) && set.Serving == Count, within: TimeSpan.FromSeconds(60));
        string[] split = ["split", "1", "version=v1:50", "version=v2:50", "--etcd", fleet.Etcd.Endpoint];

        var (exitCode, output, errors) = await Kamrpc.RunAsync(split);
        Assert.That((exitCode, output), Is.EqualTo((4, string.Empty)), errors);
        Assert.That(errors, Does.Contain($"the classes of set 1 would not fit into Kamailio's list on proxy p1: {Count} more destinations").And.Contain("Open the FIFO"));
        (exitCode, _, errors) = await Kamrpc.RunAsync("weight", "m0", "10", "--etcd", fleet.Etcd.Endpoint);
        Assert.That(exitCode, Is.EqualTo(4), errors);
        Assert.That(errors, Does.Contain("would not fit"));

        await Kamrpc.RunAsync([.. split, "--force", "--no-wait"]);
        var report = await new Reports(fleet.Store).WaitAsync(static status => status.Troubles.Any(static trouble => trouble.Kind == "room"), within: TimeSpan.FromSeconds(60));
        Assert.That((report.Contact!.Answers, report.Sets[1].Serving), Is.EqualTo((true, Count)));
        await fleet.DeleteAsync("1/m1");
        await fleet.Dispatcher.WaitForLineAsync("disabled sip:127.2.0.2:5060", Fleet.Deadline);
    }

    private static async Task SplitAsync(Fleet fleet, string split) =>
        await fleet.Store.Keys.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(fleet.Keys.Split(1)), Value = ByteString.CopyFromUtf8(split) });
}
