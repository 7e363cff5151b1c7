using KamailioRpc;
using KamailioRpc.Commands;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>Ten thousand destinations, a list of some three million octets.</summary>
[Category("Matrix")]
public class LongReplyTests
{
    private const int Count = 10_000;
    private const int Sets = 100;

    private OpenKamailio _kamailio = null!;

    private static IEnumerable<string> TakingAny => OpenKamailio.Transports.Where(static transport => !IsDatagram(transport));

    private static IEnumerable<string> Datagrams => OpenKamailio.Transports.Where(IsDatagram);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kamailio");
        _kamailio = await OpenKamailio.StartAsync(
            new KamailioOptions { ListFileLines = [.. Enumerable.Range(0, Count).Select(Line)], PingInterval = TimeSpan.Zero, SharedMemoryMegabytes = 256, PrivateMemoryMegabytes = 64 },
            isRoomy: true);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _kamailio.DisposeAsync();

    [TestCaseSource(nameof(TakingAny))]
    public async Task They_are_read_back(string transport)
    {
        await using var client = _kamailio.Client(transport);

        var destinations = await client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None);

        Assert.That(destinations, Has.Count.EqualTo(Count));
        Assert.That(destinations.Select(static destination => destination.Uri).Distinct().Count(), Is.EqualTo(Count));
        Assert.That(
            destinations.First(static destination => destination.Uri == Uri(4711)),
            Is.EqualTo(new DispatcherDestination { Set = (4711 % Sets) + 1, Uri = Uri(4711), State = DestinationState.Active, IsProbed = true, Priority = 4711, Attributes = "duid=m4711;kamrpc=c", Duid = "m4711" }));
    }

    [TestCaseSource(nameof(TakingAny))]
    public async Task A_reply_longer_than_the_longest_taken_is_garbled(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { MaxReplyLength = 100_000 });

        var garbled = await Assert.ThrowsAsync<KamailioGarbledReplyException>(() => client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None));

        Assert.That(garbled!.Message, Does.Contain("100000"));
        await client.EchoAsync(CancellationToken.None);
    }

    [TestCaseSource(nameof(Datagrams))]
    public async Task Over_datagrams_they_are_a_timeout_while_Kamailio_answers(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { Timeout = TimeSpan.FromSeconds(2) });

        await Assert.ThrowsAsync<KamailioTimeoutException>(() => client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None));

        await client.EchoAsync(CancellationToken.None);
    }

    /// <summary>ctl's over Unix datagrams come in pieces that wait for each other, those over UDP are more than the kernel keeps.</summary>
    private static bool IsDatagram(string transport) => transport is "jsonrpc+unix" or "jsonrpc+udp" or "binrpc+udp";

    private static string Uri(int number) => $"sip:127.1.{number / 250}.{(number % 250) + 1}:5060";

    /// <summary>Distinct priorities, with which a set is built in a fraction of the time.</summary>
    private static string Line(int number) => $"{(number % Sets) + 1} {Uri(number)} 8 {number} duid=m{number};kamrpc=c";
}
