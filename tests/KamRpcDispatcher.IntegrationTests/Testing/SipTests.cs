using System.Net;
using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

public sealed class SipTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CallDuration = TimeSpan.FromMilliseconds(200);

    [SetUp]
    public void Require() => RealServers.Require("kamailio", "sipp");

    [Test]
    public async Task Calls_through_Kamailio_are_shared_by_two_servers()
    {
        await using var first = await SipServer.StartAsync();
        await using var second = await SipServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        await kamailio.CallAsync("dispatcher.add", 1, first.Uri, 8);
        await kamailio.CallAsync("dispatcher.add", 1, second.Uri, 8);

        var result = await SipLoad.RunAsync(kamailio.Sip, calls: 20, perSecond: 20, CallDuration);

        Assert.That((result.Successful, result.Failed), Is.EqualTo((20, 0)), $"{result}\n{kamailio.Output}");
        await SipServer.CountedAsync(20, first, second);
        Assert.That((first.Calls, second.Calls), Is.EqualTo((10, 10)));
        await first.WaitForAsync(server => server.Probes > 0, Soon);
        await second.WaitForAsync(server => server.Probes > 0, Soon);
    }

    [Test]
    public async Task A_responder_answers_calls_at_each_of_its_addresses_and_a_load_ends_when_the_test_has_enough()
    {
        await using var responder = new SipResponder("127.0.20", count: 3);
        await using var kamailio = await KamailioServer.StartAsync();
        foreach (var uri in responder.Uris)
        {
            await kamailio.CallAsync("dispatcher.add", 1, uri, 8);
        }

        await using var load = SipLoad.Start(kamailio.Sip, calls: 1000, perSecond: 100, CallDuration);
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (responder.Calls < 30 && System.Diagnostics.Stopwatch.GetElapsedTime(begun) < Soon)
        {
            await Task.Delay(5);
        }

        var result = await load.FinishAsync();
        Assert.That(result.Failed, Is.Zero, result.Errors);
        Assert.That(result.Successful, Is.InRange(30, 500));
        Assert.That(result.Successful, Is.EqualTo(responder.Calls));
    }

    [Test]
    public async Task A_responder_repeats_its_answer_until_it_is_acknowledged()
    {
        await using var responder = new SipResponder("127.0.21", count: 1);
        var address = IPEndPoint.Parse(responder.Uris[0]["sip:".Length..]);
        using var caller = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));

        await SendAsync("INVITE");
        for (var i = 0; i < 3; i++)
        {
            Assert.That(Encoding.ASCII.GetString((await caller.ReceiveAsync().WaitAsync(Soon)).Buffer), Does.StartWith("SIP/2.0 200"));
        }

        await SendAsync("ACK");
        await SendAsync("OPTIONS");
        Assert.That(Encoding.ASCII.GetString((await caller.ReceiveAsync().WaitAsync(Soon)).Buffer), Does.Contain("OPTIONS"));
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.That(caller.Available, Is.Zero, "the fourth would have come 2 s after the third");

        async Task SendAsync(string method) => await caller.SendAsync(
            Encoding.ASCII.GetBytes($"{method} sip:x SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"), address);
    }

    [Test]
    public async Task A_load_that_nobody_answers_fails_whether_it_is_ended_or_abandoned()
    {
        await using var kamailio = await KamailioServer.StartAsync();
        await using var first = SipLoad.Start(kamailio.Sip, calls: 1000, perSecond: 100, CallDuration);
        await using var second = SipLoad.Start(kamailio.Sip, calls: 1000, perSecond: 100, CallDuration);
        await Task.Delay(TimeSpan.FromSeconds(1.5));

        Assert.That((await first.FinishAsync()).Failed, Is.GreaterThan(30));
        Assert.That((await second.AbandonAsync()).Failed, Is.GreaterThan(30));
    }

    [Test]
    public async Task Without_a_destination_every_call_is_refused()
    {
        await using var kamailio = await KamailioServer.StartAsync();

        var result = await SipLoad.RunAsync(kamailio.Sip, calls: 5, perSecond: 10, CallDuration);

        Assert.That((result.Successful, result.Failed), Is.EqualTo((0, 5)));
        Assert.That(result.Refusals, Is.EqualTo(new Dictionary<int, int> { [503] = 5 }));
    }

    [Test]
    public async Task A_killed_server_is_found_out_by_Kamailios_probing_and_comes_back()
    {
        await using var server = await SipServer.StartAsync();
        await using var kamailio = await KamailioServer.StartAsync();
        await kamailio.CallAsync("dispatcher.add", 1, server.Uri, 9);
        Assert.That(() => FlagsAsync(), Is.EqualTo("AP").After(15).Seconds.PollEvery(100));

        server.Kill();
        Assert.That(() => FlagsAsync(), Is.EqualTo("IP").After(15).Seconds.PollEvery(100));

        await server.StartAgainAsync();
        Assert.That(() => FlagsAsync(), Is.EqualTo("AP").After(15).Seconds.PollEvery(100));

        async Task<string> FlagsAsync() => (await kamailio.ListAsync()).Single().Flags;
    }

    [Test]
    public void A_load_is_bounded()
    {
        Assert.That(() => SipLoad.RunAsync(new(0, 1), 101, 101, CallDuration), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => SipLoad.RunAsync(new(0, 1), 2100, 100, CallDuration), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }
}
