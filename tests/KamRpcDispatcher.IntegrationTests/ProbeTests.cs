using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe;
using KamRpcDispatcher.Probe.Sip;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>OPTIONS to servers that others have written.</summary>
public class ProbeTests
{
    private static readonly SipProbeOptions Options = new();
    private static readonly ProbeOutcome Ok = new(ProbeVerdict.Alive, "200 OK");

    [Test]
    public async Task SIPp_is_alive_dead_while_it_is_stopped_alive_again_and_refused_when_it_is_gone()
    {
        RealServers.Require("sipp");
        await using var server = await SipServer.StartAsync();
        await using var probe = SipProbe.Create(SipUri.Parse(server.Uri), Options);

        Assert.That(await LookAsync(probe), Is.EqualTo(Ok));
        server.Pause();
        Assert.That(await LookAsync(probe), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "no answer to OPTIONS within 500ms")));
        server.Resume();
        Assert.That(await LookAsync(probe), Is.EqualTo(Ok));
        await server.StopAsync();
        Assert.That(await LookAsync(probe), Is.EqualTo(new ProbeOutcome(ProbeVerdict.Dead, "connection refused")));
        await server.StartAgainAsync();
        Assert.That(await LookAsync(probe), Is.EqualTo(Ok));
    }

    [Test]
    public async Task Kamailio_answers_over_UDP_and_over_one_TCP_connection()
    {
        RealServers.Require("kamailio");
        var port = RealServers.FreePort();
        await using var kamailio = await KamailioServer.StartAsync(new KamailioOptions { ExtraConfig = $"#!define KAMRPC_LISTEN_TCP tcp:127.0.0.1:{port}" });
        await using var udp = SipProbe.Create(SipUri.Parse($"sip:{kamailio.Sip}"), Options);
        await using var tcp = SipProbe.Create(SipUri.Parse($"sip:127.0.0.1:{port};transport=tcp"), Options);

        for (var look = 0; look < 3; look++)
        {
            Assert.That(await LookAsync(udp), Is.EqualTo(Ok), kamailio.Output);
            Assert.That(await LookAsync(tcp), Is.EqualTo(Ok), kamailio.Output);
        }

        var connections = await kamailio.CallAsync("core.tcp_list");
        Assert.That(connections.GetArrayLength(), Is.EqualTo(1), connections.ToString());

        kamailio.Kill();
        await kamailio.Gone;
        Assert.That((await LookAsync(udp)).Reason, Is.EqualTo("connection refused"));
        Assert.That((await LookAsync(tcp)).Reason, Is.EqualTo("connection refused"));
        await kamailio.StartAgainAsync();
        Assert.That(await LookAsync(tcp), Is.EqualTo(Ok), "over a new connection");
    }

    private static Task<ProbeOutcome> LookAsync(IProbe probe) => probe.ProbeAsync(CancellationToken.None);
}
