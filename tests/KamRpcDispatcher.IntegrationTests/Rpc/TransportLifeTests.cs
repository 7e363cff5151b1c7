using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>Kamailio goes and comes back under clients that have called it before.</summary>
[Category("Matrix")]
public class TransportLifeTests
{
    [Test]
    public async Task A_Kamailio_that_was_killed_is_unreachable_and_after_its_restart_the_next_call_works()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await OpenKamailio.StartAsync();
        var clients = OpenKamailio.Transports.ToDictionary(static transport => transport, transport => kamailio.Client(transport));
        foreach (var client in clients.Values)
        {
            await client.EchoAsync(CancellationToken.None);
        }

        await kamailio.KillAsync();
        foreach (var (transport, client) in clients)
        {
            var unreachable = await Assert.ThrowsAsync<KamailioUnreachableException>(() => client.EchoAsync(CancellationToken.None), transport);
            Assert.That(unreachable!.IsTransient);
            Assert.That(unreachable.Message, Does.Contain(client.Address.ToString()));
        }

        await kamailio.StartAgainAsync();
        foreach (var (transport, client) in clients)
        {
            Assert.That(await client.GetVersionAsync(CancellationToken.None), Is.Not.EqualTo(default(KamailioVersion)), transport);
            await client.DisposeAsync();
        }

        kamailio.AssertNothingLeft();
    }

    [Test]
    public async Task The_usual_sockets_are_found_in_their_order()
    {
        RealServers.Require("kamailio");
        await using var kamailio = await OpenKamailio.StartAsync();
        var directory = Path.GetDirectoryName(kamailio.Server("jsonrpc+unix").FifoPath)!;
        var candidates = KamailioDiscovery.Candidates(directory).ToList();
        Assert.That(candidates.Select(static candidate => candidate.ToString()), Is.EqualTo(new[]
        {
            $"jsonrpc+unix:{directory}/kamailio_rpc.sock", $"binrpc+unix:{directory}/kamailio_ctl", $"jsonrpc+fifo:{directory}/kamailio_rpc.fifo",
        }));

        var (found, failures) = await KamailioDiscovery.FindAsync(candidates, kamailio.Options, CancellationToken.None);
        Assert.That(found, Is.EqualTo(candidates[2]), "the socket and ctl are elsewhere in this configuration");
        Assert.That(failures, Has.Count.EqualTo(2).And.All.Contains("there is no such socket"));

        var first = KamailioAddress.Parse(kamailio.Address("jsonrpc+unix"));
        (found, failures) = await KamailioDiscovery.FindAsync([first, .. candidates], kamailio.Options, CancellationToken.None);
        Assert.That((found, failures.Count), Is.EqualTo((first, 0)));
    }
}
