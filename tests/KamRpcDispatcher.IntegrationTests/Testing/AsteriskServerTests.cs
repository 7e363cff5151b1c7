using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

/// <summary>The fixture, and what the product builds on of how Asterisk answers SIP.</summary>
[Category("Asterisk")]
public sealed class AsteriskServerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private static readonly IPAddress Stranger = IPAddress.Parse("127.0.0.2");

    [SetUp]
    public void Require() => AsteriskProgram.Require();

    [Test]
    public async Task It_holds_calls_until_they_are_hung_up()
    {
        RealServers.Require("sipp");
        await using var asterisk = await AsteriskServer.StartAsync();

        var result = await SipLoad.RunAsync(asterisk.Sip, calls: 100, perSecond: 20, TimeSpan.FromSeconds(2));

        Assert.That(result.ToString(), Is.EqualTo("100 successful, 0 failed (), 0 retransmissions"), result.Errors);
        Assert.That(await asterisk.CliAsync("core show calls"), Does.Contain("0 active calls").And.Contain("100 calls processed"));
    }

    [Test]
    public async Task Three_run_at_once_and_one_that_was_killed_comes_back_on_its_ports()
    {
        var servers = await Task.WhenAll(AsteriskServer.StartAsync(), AsteriskServer.StartAsync(), AsteriskServer.StartAsync());
        try
        {
            servers[0].Kill();
            await servers[0].Gone.WaitAsync(Soon);

            Assert.That(await StatusesAsync(servers), Is.EqualTo(new int?[] { null, 200, 200 }));

            await servers[0].StartAgainAsync();

            Assert.That(await StatusesAsync(servers), Is.EqualTo(new int?[] { 200, 200, 200 }));
        }
        finally
        {
            await Task.WhenAll(servers.Select(static server => server.DisposeAsync().AsTask()));
        }
    }

    [Test]
    public async Task It_answers_over_TCP_too()
    {
        await using var asterisk = await AsteriskServer.StartAsync();
        using var client = new TcpClient("127.0.0.1", int.Parse(asterisk.TcpUri.Split(':', ';')[2], null));
        await using var stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"OPTIONS {asterisk.TcpUri} SIP/2.0\r\nVia: SIP/2.0/TCP {client.Client.LocalEndPoint};branch=z9hG4bK1\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\nTo: <{asterisk.TcpUri}>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"));
        using var reader = new StreamReader(stream);

        Assert.That(await reader.ReadLineAsync().WaitAsync(Soon), Is.EqualTo("SIP/2.0 200 OK"));
    }

    [Test]
    public async Task It_asks_a_stranger_who_he_is()
    {
        await using var asterisk = await AsteriskServer.StartAsync();

        Assert.That(await SipOptions.AskAsync(asterisk.Sip, Soon, from: Stranger), Is.EqualTo(401));
    }

    [Test]
    public async Task Paused_it_is_silent_and_resumed_it_answers()
    {
        await using var asterisk = await AsteriskServer.StartAsync();

        asterisk.Pause();
        Assert.That(await SipOptions.AskAsync(asterisk.Sip, TimeSpan.FromMilliseconds(300)), Is.Null);

        asterisk.Resume();
        Assert.That(await SipOptions.AskAsync(asterisk.Sip, Soon), Is.EqualTo(200));
    }

    /// <summary>Whom it does not know it tells nothing of its end: who probes it has to come from an address that it knows.</summary>
    [Test]
    public async Task While_it_stops_gracefully_it_answers_503_to_whom_it_knows_and_keeps_its_calls()
    {
        RealServers.Require("sipp");
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var load = SipLoad.Start(asterisk.Sip, calls: 5, perSecond: 20, TimeSpan.FromSeconds(4));
        await asterisk.WaitForCallsAsync(5);

        asterisk.Begin("core stop gracefully");

        await SipOptions.WaitForAsync(asterisk.Sip, 503, Soon);
        Assert.That(await SipOptions.AskAsync(asterisk.Sip, Soon, from: Stranger), Is.EqualTo(401));
        Assert.That((await load.EndAsync()).ToString(), Is.EqualTo("5 successful, 0 failed (), 0 retransmissions"));
        await asterisk.Gone.WaitAsync(Soon);
    }

    [Test]
    public async Task When_a_graceful_stop_is_aborted_it_answers_200_again()
    {
        RealServers.Require("sipp");
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var load = SipLoad.Start(asterisk.Sip, calls: 1, perSecond: 20, TimeSpan.FromSeconds(20));
        await asterisk.WaitForCallsAsync(1);
        asterisk.Begin("core stop gracefully");
        await SipOptions.WaitForAsync(asterisk.Sip, 503, Soon);

        await asterisk.CliAsync("core abort shutdown");

        Assert.That(await SipOptions.AskAsync(asterisk.Sip, Soon), Is.EqualTo(200));
    }

    [Test]
    public async Task Convenient_is_when_there_are_no_calls_and_until_then_it_takes_more()
    {
        RealServers.Require("sipp");
        await using var asterisk = await AsteriskServer.StartAsync();
        await using var load = SipLoad.Start(asterisk.Sip, calls: 1, perSecond: 20, TimeSpan.FromSeconds(4));
        await asterisk.WaitForCallsAsync(1);

        asterisk.Begin("core stop when convenient");
        var later = await SipLoad.RunAsync(asterisk.Sip, calls: 10, perSecond: 10, TimeSpan.FromSeconds(1));

        Assert.That(later.Failed, Is.Zero, later.Errors);
        Assert.That((await load.EndAsync()).Failed, Is.Zero);
        await asterisk.Gone.WaitAsync(Soon);
    }

    private static Task<int?[]> StatusesAsync(IEnumerable<AsteriskServer> servers) =>
        Task.WhenAll(servers.Select(static server => SipOptions.AskAsync(server.Sip, TimeSpan.FromSeconds(2))));
}
