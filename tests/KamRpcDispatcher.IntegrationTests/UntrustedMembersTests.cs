using System.Diagnostics;
using System.Globalization;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What whoever may write a member's record can do with it, and what it cannot.</summary>
[Category("Matrix")]
[Parallelizable]
public class UntrustedMembersTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Where_no_call_should_go_is_quarantined_with_the_reason()
    {
        await using var fleet = await Fleet.StartAsync();
        (string Name, string Uri, string Reason)[] unfit =
        [
            ("self", $"sip:{fleet.Kamailio.Sip}", $"the address 127.0.0.1 is Kamailio's own (udp:{fleet.Kamailio.Sip})"),
            ("any", "sip:0.0.0.0:5060", "the address 0.0.0.0 is unspecified"),
            ("all", "sip:255.255.255.255:5060", "is the broadcast address"),
            ("net", "sip:127.255.255.255:5060", "is the broadcast address of this machine's network 127.0.0.0/8"),
            ("group", "sip:224.0.0.1:5060", "is a multicast address"),
        ];
        foreach (var (name, uri, _) in unfit)
        {
            await fleet.PutUriAsync("1/" + name, uri);
        }

        await fleet.PutUriAsync("1/good", "sip:127.0.0.1:7001");
        await fleet.WaitForListAsync(static list => list is [{ Uri: "sip:127.0.0.1:7001" }]);
        foreach (var (_, _, reason) in unfit)
        {
            await fleet.Dispatcher.WaitForLineAsync(reason, Deadline);
        }

        Assert.That((await StatusAsync(fleet, "QUARANTINED: 5 destinations that cannot be put into Kamailio")).ExitCode, Is.EqualTo(1));
        Assert.That(await fleet.Kamailio.ListAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_value_in_quotes_gets_to_Kamailio_and_is_in_step_there()
    {
        await using var fleet = await Fleet.StartAsync();
        await using var proxy = await SipServer.StartAsync();
        var port = proxy.Uri.Split(':')[^1];

        // Nobody listens at the member's own address: only over the outbound proxy its pings are answered.
        await fleet.AnnounceAsync("a", "sip:127.0.0.9:7001", "--attr", $"obproxy=sip:127.0.0.1:{port};transport=udp", "--attr", "note=\"it's 1;2, and kamrpc=x\"");

        var attributes = $"duid=a;kamrpc=default;note=\"it's 1;2, and kamrpc=x\";obproxy=\"sip:127.0.0.1:{port};transport=udp\"";
        await fleet.WaitForListAsync(list => list is [{ } only] && only.Attrs == attributes && only.Flags == "AP");
        await Task.Delay(TimeSpan.FromSeconds(3));
        Assert.That((await fleet.Kamailio.ListAsync()).Single().Flags, Is.EqualTo("AP"), "pinged meanwhile");
        var (exitCode, output) = await StatusAsync(fleet, "note=\"it's 1;2, and kamrpc=x\";obproxy=");
        Assert.That(exitCode, Is.Zero, output);

        await fleet.PutAsync("1/b", """{"uri":"sip:127.0.0.1:7002","attrs":{"note":"a;b"}}""");
        await fleet.WaitForListAsync(static list => list.Any(static entry => entry.Attrs == "duid=b;kamrpc=default;note=\"a;b\""));
        await fleet.PutAsync("1/b", """{"uri":"sip:127.0.0.1:7002","attrs":{"note":"a"}}""");
        await fleet.WaitForListAsync(static list => list.Count == 2 && list.Any(static entry => entry.Attrs == "duid=b;kamrpc=default;note=a" && entry.Flags[0] != 'D'));
    }

    [Test]
    public async Task Attributes_that_are_not_allowed_keep_a_newcomer_out_and_a_listed_one_as_it_was()
    {
        await using var fleet = await Fleet.StartAsync(null, "--allow-attr", "maxload,note");
        await fleet.PutAsync("1/a", """{"uri":"sip:127.0.0.1:7001","attrs":{"note":"x"}}""");
        await fleet.WaitForListAsync(static list => list.Any(static entry => entry.Attrs!.EndsWith(";note=x", StringComparison.Ordinal)));

        // What is told begins with the first one, and is in the report for both.
        await fleet.PutAsync("1/b", """{"uri":"sip:127.0.0.1:7002","attrs":{"obproxy":"10.0.0.1"}}""");
        await fleet.Dispatcher.WaitForLineAsync("member 1/b (obproxy): not taken, since --allow-attr does not name these attributes", Deadline);
        await fleet.PutAsync("1/a", """{"uri":"sip:127.0.0.1:7001","attrs":{"note":"y","obproxy":"10.0.0.1"}}""");
        Assert.That((await StatusAsync(fleet, "attributes: member 1/a (obproxy), member 1/b (obproxy)")).ExitCode, Is.EqualTo(1));

        Assert.That((await fleet.Kamailio.ListAsync()).Single().Attrs, Does.EndWith(";note=x"));

        await fleet.PutAsync("1/a", """{"uri":"sip:127.0.0.1:7001","state":"down","attrs":{"note":"y","obproxy":"10.0.0.1"}}""");
        await fleet.WaitForListAsync(static list => list is [{ Flags: ['D', ..] }]);
    }

    [Test]
    public async Task A_key_that_is_rewritten_in_a_loop_is_limited_and_named_and_nobody_else_waits()
    {
        // Its weight is an attribute then, and each new one a replacement.
        await using var fleet = await Fleet.StartAsync(null, "--share", "attributes");
        await fleet.PutUriAsync("1/loop", "sip:127.0.0.1:7001");
        await fleet.WaitForListAsync(static list => list.Count == 1);
        var before = await fleet.Kamailio.SharedMemoryAsync();
        var (begun, writes) = (Stopwatch.GetTimestamp(), 0);
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10))
        {
            await fleet.PutAsync("1/loop", string.Create(CultureInfo.InvariantCulture, $$"""{"uri":"sip:127.0.0.1:7001","weight":{{1 + (++writes % 100)}}}"""));
        }

        var used = (await fleet.Kamailio.SharedMemoryAsync()).Used - before.Used;
        await TestContext.Out.WriteLineAsync($"{writes} writes in 10 s used {used} bytes of Kamailio's shared memory");
        Assert.That(used, Is.LessThan(400_000));
        await fleet.Dispatcher.WaitForLineAsync("member 1/loop: changes so often", Deadline);

        // Whoever else comes or goes is followed at once, and so is its own state.
        await fleet.PutUriAsync("1/other", "sip:127.0.0.1:7002");
        await fleet.WaitForListAsync(static list => Fleet.IsEnabled(list, "sip:127.0.0.1:7002"), TimeSpan.FromSeconds(5));
        await fleet.PutAsync("1/loop", """{"uri":"sip:127.0.0.1:7001","state":"down"}""");
        await fleet.WaitForListAsync(static list => list.Where(static entry => entry.Attrs!.Contains("duid=loop", StringComparison.Ordinal)).All(static entry => entry.Flags[0] == 'D'), TimeSpan.FromSeconds(5));
        await fleet.PutAsync("1/loop", """{"uri":"sip:127.0.0.1:7001","weight":7}""");
        await fleet.WaitForListAsync(static list => list.Any(static entry => entry.Attrs!.Contains("duid=loop", StringComparison.Ordinal) && entry.Flags[0] != 'D'), TimeSpan.FromSeconds(5));
        Assert.That((await StatusAsync(fleet, "flapping: member 1/loop")).ExitCode, Is.EqualTo(1));
    }

    [Test]
    public async Task What_kamrpc_added_for_another_cluster_or_set_is_named_and_left()
    {
        await using var fleet = await Fleet.StartAsync(null, "--set", "2");
        await fleet.Kamailio.CallAsync("dispatcher.add", 2, "sip:127.0.0.9:7001", 8, 0, "duid=a;kamrpc=old");
        await fleet.Kamailio.CallAsync("dispatcher.add", 1, "sip:127.0.0.9:7002", 8, 0, "duid=b;kamrpc=default");

        await fleet.Dispatcher.WaitForLineAsync("set 2: sip:127.0.0.9:7001 (cluster old): kamrpc added it", Deadline);
        await fleet.Dispatcher.WaitForLineAsync("set 1: sip:127.0.0.9:7002: kamrpc added it", Deadline);
        Assert.That((await StatusAsync(fleet, "orphan: set 2: sip:127.0.0.9:7001 (cluster old)")).ExitCode, Is.EqualTo(1));
        Assert.That(await fleet.Kamailio.ListAsync(), Has.Count.EqualTo(2));

        var (exitCode, _) = await Kamrpc.WaitForAsync("set 2: sip:127.0.0.9:7001 (cluster old)", "doctor", "--etcd", fleet.Etcd.Endpoint, "--kamailio", fleet.Kamailio.RpcAddress, "-o", "json");
        Assert.That(exitCode, Is.EqualTo(1));
    }

    private static Task<(int ExitCode, string Output)> StatusAsync(Fleet fleet, string expected) => Kamrpc.WaitForStatusAsync(expected, "--verbose", "--etcd", fleet.Etcd.Endpoint);
}
