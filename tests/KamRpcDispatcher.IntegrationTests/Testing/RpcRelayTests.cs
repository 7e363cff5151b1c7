using System.Diagnostics;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

public sealed class RpcRelayTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private KamailioServer _kamailio = null!;
    private RpcRelay _relay = null!;

    [SetUp]
    public async Task StartKamailio()
    {
        RealServers.Require("kamailio");
        _kamailio = await KamailioServer.StartAsync();
        _relay = new RpcRelay(_kamailio.SocketPath, seed: 1);
        await IsThereAsync(true);
    }

    [TearDown]
    public async Task Stop()
    {
        if (_relay is not null)
        {
            await _relay.DisposeAsync();
        }

        await (_kamailio?.DisposeAsync() ?? default);
    }

    [Test]
    public async Task What_passes_arrives()
    {
        using var client = new DatagramClient(_relay.Path);

        await client.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:5099", 8);

        Assert.That((await client.CallAsync("dispatcher.list")).ToString(), Does.Contain("sip:127.0.0.1:5099"));
    }

    [Test]
    public async Task A_lost_request_is_not_carried_out_and_a_lost_reply_is()
    {
        using var client = new DatagramClient(_relay.Path) { Timeout = TimeSpan.FromMilliseconds(300) };

        _relay.Faults = new RelayFaults(LoseRequest: 1, LoseReply: 0, Delay: 0, TimeSpan.Zero);
        Assert.That(async () => await client.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:5001", 8), Throws.TypeOf<TimeoutException>());
        _relay.Faults = new RelayFaults(LoseRequest: 0, LoseReply: 1, Delay: 0, TimeSpan.Zero);
        Assert.That(async () => await client.CallAsync("dispatcher.add", 1, "sip:127.0.0.1:5002", 8), Throws.TypeOf<TimeoutException>());

        Assert.That((await _kamailio.ListAsync()).Select(static entry => entry.Uri), Is.EqualTo(["sip:127.0.0.1:5002"]));
        Assert.That(_relay.Lost, Is.EqualTo(2));
    }

    [Test]
    public async Task What_is_held_up_arrives_late_in_the_order_in_which_it_was_sent()
    {
        using var client = new DatagramClient(_relay.Path);
        _relay.Faults = new RelayFaults(LoseRequest: 0, LoseReply: 0, Delay: 1, TimeSpan.FromMilliseconds(100));

        for (var id = 1; id <= 10; id++)
        {
            await client.SendAsync(DatagramClient.Request(id, "core.echo", id));
        }

        for (var id = 1; id <= 10; id++)
        {
            Assert.That(await client.ReceiveAsync(), Does.Contain($"\"id\":{id}"));
        }

        Assert.That(_relay.Delayed, Is.EqualTo(20));
    }

    [Test]
    public async Task It_is_gone_while_Kamailio_is_gone_and_back_with_it()
    {
        _kamailio.Kill();
        await IsThereAsync(false);

        await _kamailio.StartAgainAsync();
        await IsThereAsync(true);
        using var client = new DatagramClient(_relay.Path);
        await client.CallAsync("core.echo");
    }

    private async Task IsThereAsync(bool wanted)
    {
        var begun = Stopwatch.GetTimestamp();
        while (File.Exists(_relay.Path) != wanted)
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Soon));
            await Task.Delay(5);
        }
    }
}
