using System.Text.Json;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary><c>kamrpc list</c> beside a real Kamailio, without etcd.</summary>
[Parallelizable]
public sealed class ListTests
{
    [Test]
    public async Task Whose_each_entry_is_and_what_its_flags_mean_stands_there_and_a_Kamailio_that_is_gone_is_exit_code_3()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync(KamailioOptions.WithLatePings with
        {
            ListFileLines = ["1 sip:127.0.0.1:7001 8 0 duid=asterisk-1;kamrpc=default", "1 sip:127.0.0.1:7002 4 0 duid=asterisk-2;kamrpc=lab", "2 sip:127.0.0.1:7003 0 0"],
        });

        var (exitCode, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", kamailio.RpcAddress);
        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(output, Does.Contain("2 of 3 destinations get calls"));
        Assert.That(output, Does.Match("asterisk-1 +sip:127.0.0.1:7001 +CALLS +A[PX] +ours").And.Match("asterisk-2 +sip:127.0.0.1:7002 +NO CALLS +D[PX] +cluster lab").And.Match("sip:127.0.0.1:7003 +CALLS +A[PX] +somebody else's"));

        (exitCode, output, _) = await Kamrpc.RunAsync("list", "--kamailio", kamailio.RpcAddress, "--set", "2", "-o", "json");
        Assert.That(exitCode, Is.Zero);
        Assert.That(JsonElement.Parse(output).GetProperty("destinations").EnumerateArray().Single().GetProperty("owner").GetString(), Is.EqualTo("other"));

        await kamailio.StopAsync();
        (exitCode, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", kamailio.RpcAddress);
        Assert.That((exitCode, output), Is.EqualTo((3, string.Empty)));
        Assert.That(errors, Does.StartWith("kamrpc: ").And.Contain(kamailio.SocketPath));
    }

    [Test]
    public async Task A_list_that_is_too_long_for_a_datagram_comes_by_the_FIFO()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions
        {
            ListFileLines = [.. Enumerable.Range(0, 1000).Select(static number => $"1 sip:127.0.{number / 250}.{number % 250 + 1}:7001 4 0 duid=asterisk-{number};kamrpc=default")],
        });

        var (exitCode, output, errors) = await Kamrpc.RunAsync("list", "--kamailio", kamailio.RpcAddress, "-o", "json");

        Assert.That((exitCode, errors), Is.EqualTo((0, string.Empty)));
        Assert.That(JsonElement.Parse(output).GetProperty("destinations").GetArrayLength(), Is.EqualTo(1000));
    }
}
