using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc explain</c>, with a real etcd and what announcers and dispatchers would have written there.</summary>
[Parallelizable]
public sealed class ExplainTests
{
    private const string Members = "/kamrpc/default/members/";

    private EtcdServer _etcd = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        _etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopEtcd() => await (_etcd?.DisposeAsync() ?? default);

    [Test]
    public async Task A_member_is_told_from_its_lease_to_each_proxys_acknowledgement()
    {
        await _etcd.PutAsync(Members + "2/box", """{"uri":"sip:10.0.0.1"}""", leaseSeconds: 60);
        var revision = await _etcd.PutAsync(Members + "1/box", """{"uri":"sip:10.0.0.1"}""", leaseSeconds: 60);
        await ReportAsync("p1", revision);
        await ReportAsync("p2", revision - 1);

        var (exitCode, output, errors) = await RunAsync("explain", "box", "--set", "1");
        Assert.That((exitCode, errors), Is.EqualTo((1, string.Empty)));
        Assert.That(output, Does.StartWith($"box in set 1\n  record: {Members}1/box, revision {revision}: sip:10.0.0.1, ready\n"));
        Assert.That(output, Does.Match("lease: [0-9a-f]{16}, ([1-5]?[0-9]s|1m) of 1m left"));
        Assert.That(output, Does.Match(@"p1 +CALLS +\d+ +yes").And.Match(@"p2 +NOT KNOWN +\d+ +no"));
        Assert.That(output.ReplaceLineEndings(" "), Does.Contain($"box is not known to get calls on p2: its record is not applied yet (revision {revision - 1} of {revision}); another proxy has it as it should be."));

        await ReportAsync("p2", revision);
        (exitCode, output, _) = await RunAsync("explain", "box", "--set", "1", "-o", "json");
        var member = JsonElement.Parse(output).GetProperty("members").EnumerateArray().Single();
        Assert.That((exitCode, member.GetProperty("verdict").GetString()), Is.EqualTo((0, "box gets calls on p1, p2.")));
        Assert.That(member.GetProperty("leaseSecondsLeft").GetDouble(), Is.InRange(1, 60));
        Assert.That((await RunAsync("explain", "box")).Output, Does.Contain("box in set 1").And.Contain("box in set 2"));
    }

    [Test]
    public async Task What_one_announcer_holds_has_one_lease()
    {
        await using var announcer = ServerProcess.Start(KamrpcProgram.File, [.. KamrpcProgram.Prefix, "announce", "--etcd", _etcd.Endpoint, "--name", "box", "--uri", "sip:10.0.0.1", "--set", "1,2", "--probe", "none"]);
        await announcer.WaitForLineAsync($"Wrote {Members}2/box", Fleet.Deadline);

        var (_, output, _) = await RunAsync("explain", "box", "--set", "1");
        Assert.That(string.Join(' ', output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)), Does.Contain($"that one announces {Members}2/box too"));
    }

    [Test]
    public async Task A_record_that_cannot_be_used_is_explained()
    {
        await _etcd.PutAsync(Members + "1/box", """{"uri":"sip:10.0.0.1","weight":0}""");

        var (exitCode, output, _) = await RunAsync("explain", "box");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(output, Does.Contain("there is one that cannot be used").And.Contain("the weight 0"));
    }

    [Test]
    public async Task A_name_that_nobody_has_is_exit_code_2_with_those_that_are_near()
    {
        await _etcd.PutAsync(Members + "1/asterisk-1", """{"uri":"sip:10.0.0.1"}""");

        var (exitCode, output, errors) = await RunAsync("explain", "asterix-1");
        Assert.That((exitCode, output), Is.EqualTo((2, string.Empty)));
        Assert.That(errors, Is.EqualTo("kamrpc: nobody of cluster default has the name 'asterix-1', nor has left lately; did you mean asterisk-1?\n"));
        Assert.That((await RunAsync("explain")).ExitCode, Is.EqualTo(2));
    }

    [Test]
    public async Task Whether_one_who_has_left_still_gets_calls_is_not_known_where_a_proxy_does_not_see_its_Kamailio()
    {
        var revision = await _etcd.PutAsync(Members + "1/box", """{"uri":"sip:10.0.0.1"}""");
        await ReportAsync("p1", revision, isLost: true);

        var (exitCode, output, errors) = await RunAsync("explain", "gone");

        Assert.That((exitCode, output), Is.EqualTo((1, string.Empty)));
        Assert.That(errors, Does.StartWith("kamrpc: nobody of cluster default has the name 'gone'; ").And.Not.Contain("nor has left lately"));
        Assert.That(errors, Does.Contain("kamrpc: whether somebody of that name has left and still gets calls is not known on p1: Kamailio does not answer, for "));
    }

    [Test]
    public async Task Without_etcd_there_is_nothing_to_explain()
    {
        await _etcd.StopAsync();

        Assert.That((await RunAsync("explain", "box")).ExitCode, Is.EqualTo(3));
    }

    private Task<long> ReportAsync(string proxy, long revision, bool isLost = false) => _etcd.PutAsync(
        "/kamrpc/default/proxies/" + proxy,
        $$$"""
        {"revision":{{{revision}}},"silenced":{{{revision}}},"version":"0.1.0","writtenAt":"{{{DateTimeOffset.UtcNow:O}}}","contact":{"answers":{{{(isLost ? "false" : "true")}}},"since":"2026-01-31T12:00:00Z"},
        "appliedAt":"{{{DateTimeOffset.UtcNow:O}}}","kamailio":"5.6","drift":0,"sets":{"1":{"destinations":1,"routable":1,"wanted":1,"serving":1},"2":{"destinations":1,"routable":1,"wanted":1,"serving":1} } }
        """,
        leaseSeconds: 60);

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => Kamrpc.RunAsync([.. arguments, "--etcd", _etcd.Endpoint]);
}
