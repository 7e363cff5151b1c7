using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>Algorithm 10 with every server at its <c>maxload</c>: Kamailio shows them as active, and refuses the next call.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed class MaxLoadTests
{
    private readonly List<SipServer> _servers = [];
    private Fleet? _fleet;

    [TearDown]
    public async Task Stop()
    {
        await (_fleet?.DisposeAsync() ?? default);
        foreach (var server in _servers)
        {
            await ServerLife.EndAsync(server);
        }

        _servers.Clear();
    }

    [Test]
    public async Task A_set_in_which_nobody_has_room_is_told_by_list_status_explain_and_doctor_until_calls_end()
    {
        var fleet = await StartAsync("10", "#!define KAMRPC_CALL_LOAD");
        await using (var load = SipLoad.Start(fleet.Kamailio.Sip, 10, 100, TimeSpan.FromSeconds(25)))
        {
            await new Reports(fleet.Store).WaitAsync(static report => report.Sets.GetValueOrDefault(1).Full == 10);
            await fleet.Dispatcher.WaitForLineAsync("[3043] Set 1: every routable destination is full (10 of 10 calls)", Fleet.Deadline);

            var (exitCode, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", fleet.Kamailio.RpcAddress);
            Assert.That(exitCode, Is.Zero, errors);
            Assert.That(output, Does.Contain("full").And.Contain("FULL").And.Contain("5/5").And.Not.Match("CALLS +AP"));
            Assert.That(Words(output), Does.Contain("set 1: every routable destination is full (10 of 10 calls): algorithm 10 has none for another call until one ends"));

            (exitCode, output, errors) = await Kamrpc.RunAsync("status", "--etcd", fleet.Etcd.Endpoint);
            Assert.That((exitCode, Words(output)), Is.EqualTo((1, Words(output))), errors);
            Assert.That(Words(output), Does.Contain("every routable destination on p1 is full (all 10 calls of their maxload are up)").And.Contain("EVERY ONE IS FULL on p1"));

            (exitCode, output, _) = await Kamrpc.RunAsync("explain", "s0", "--etcd", fleet.Etcd.Endpoint);
            Assert.That((exitCode, Words(output)), Is.EqualTo((1, Words(output))));
            Assert.That(Words(output), Does.Contain("s0 gets no more calls on p1: it is full"));

            await Kamrpc.WaitForAsync("kamailio.routable set 1: every routable destination is full (10 of 10 calls)", "doctor", "--etcd", fleet.Etcd.Endpoint, "--kamailio", fleet.Kamailio.RpcAddress);

            // What Kamailio makes of it.
            await using var more = SipLoad.Start(fleet.Kamailio.Sip, 5, 50, TimeSpan.FromSeconds(1));
            Assert.That((await more.EndAsync()).Refusals.GetValueOrDefault(503), Is.EqualTo(5));
            Assert.That((await load.EndAsync()).Failed, Is.Zero);
        }

        await new Reports(fleet.Store).WaitAsync(static report => report.Sets[1].Full is null);
        Assert.That((await Kamrpc.RunAsync("status", "--etcd", fleet.Etcd.Endpoint)).Output, Does.Not.Contain("FULL"));
    }

    [Test]
    public async Task With_another_algorithm_nobody_is_full_whatever_maxload_says()
    {
        var fleet = await StartAsync("4", "#!define KAMRPC_CALL_LOAD");
        await using var load = SipLoad.Start(fleet.Kamailio.Sip, 20, 100, TimeSpan.FromSeconds(2));
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(2))
        {
            var (_, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", fleet.Kamailio.RpcAddress);
            Assert.That(output, Does.Contain("2 of 2 destinations get calls").And.Contain("0/5").And.Not.Contain("FULL"), errors);
        }

        Assert.That((await load.EndAsync()).Failed, Is.Zero, "Kamailio takes four times as many");
        Assert.That((await new Reports(fleet.Store).ReadAsync())!.Value.Status.Sets[1].Full, Is.Null);
    }

    private async Task<Fleet> StartAsync(string algorithm, string defines)
    {
        RealServers.Require("kamailio", "sipp", "etcd");
        _fleet = await Fleet.StartAsync(new KamailioOptions { Algorithm = algorithm, PingInterval = TimeSpan.Zero, ExtraConfig = defines });
        for (var number = 0; number < 2; number++)
        {
            _servers.Add(await SipServer.StartAsync("uas-endings.xml"));
            await _fleet.PutAsync($"1/s{number}", $$$"""{"uri":"{{{_servers[number].Uri}}}","attrs":{"maxload":"5"}}""");
        }

        await new Reports(_fleet.Store).WaitAsync(static report => report.Sets.GetValueOrDefault(1).Serving == 2);
        return _fleet;
    }

    /// <summary>Lines are broken anywhere.</summary>
    private static string Words(string output) => string.Join(' ', output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
