using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Reading;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>Ten thousand destinations, a list of some three million bytes.</summary>
[Category("Matrix")]
[Parallelizable]
public class LongReplyTests
{
    private const int Count = 10_000;
    private const string InPieces = "binrpc+udp";
    private const int Sets = 100;

    private OpenKamailio _kamailio = null!;

    private static IEnumerable<string> TakingAny => OpenKamailio.Transports.Where(static transport => !IsDatagram(transport));

    private static IEnumerable<string> Datagrams => OpenKamailio.Transports.Where(IsDatagram);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        RealServers.Require("kamailio");
        _kamailio = await OpenKamailio.StartAsync(
            KamailioOptions.WithLatePings with { ListFileLines = [.. Enumerable.Range(0, Count).Select(Line)], SharedMemoryMegabytes = 256, PrivateMemoryMegabytes = 64 },
            isRoomy: true);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await (_kamailio?.DisposeAsync() ?? default);

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
    public async Task A_reply_longer_than_the_longest_taken_is_malformed(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { MaxReplyLength = 100_000 });

        var malformed = await Assert.ThrowsAsync<KamailioMalformedReplyException>(() => client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None));

        Assert.That(malformed!.Message, Does.Contain("100000"));
        await client.EchoAsync(CancellationToken.None);
    }

    [TestCaseSource(nameof(Datagrams))]
    public async Task Over_datagrams_they_are_a_timeout_while_Kamailio_answers_and_never_a_part(string transport)
    {
        await using var client = _kamailio.Client(transport, static options => options with { Timeout = TimeSpan.FromSeconds(2) });

        try
        {
            var destinations = await client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None);

            // Where Kamailio is slow the pieces are taken as they come, and the kernel need not keep them.
            Assert.That((transport, destinations.Count), Is.EqualTo((InPieces, Count)));
        }
        catch (KamailioTimeoutException)
        {
            await client.EchoAsync(CancellationToken.None);
        }
    }

    [Test]
    public async Task A_set_that_does_not_fit_into_ctls_buffers_is_a_fault_that_the_daemon_knows()
    {
        await using var kamailio = await OpenKamailio.StartAsync(
            new KamailioOptions { ListFileLines = [.. Enumerable.Range(0, 1200).Select(static number => $"1 {Uri(number)} 8 {number}")], PingInterval = TimeSpan.Zero });
        await using var client = kamailio.Client("binrpc+unix");

        var fault = await Assert.ThrowsAsync<KamailioFaultException>(() => client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None));
        Assert.That(fault!.FaultMessage, Does.StartWith("Internal error"));

        var tooLong = await Assert.ThrowsAsync<ListTooLongException>(() => new KamailioDispatcher(client).ReadAsync(CancellationToken.None));
        Assert.That(tooLong!.Message, Does.Contain("binrpc_struct_max_body_size"));

        await using var reader = kamailio.Client("jsonrpc+fifo");
        Assert.That((await new KamailioDispatcher(client, reader).ReadAsync(CancellationToken.None)).Destinations, Has.Count.EqualTo(1200));
    }

    /// <summary>ctl's replies over Unix datagrams come in pieces that wait for each other; those over UDP are more than the kernel keeps.</summary>
    private static bool IsDatagram(string transport) => transport is "jsonrpc+unix" or "jsonrpc+udp" or InPieces;

    private static string Uri(int number) => $"sip:127.1.{number / 250}.{(number % 250) + 1}:5060";

    /// <summary>Distinct priorities, with which a set is built in a fraction of the time.</summary>
    private static string Line(int number) => $"{(number % Sets) + 1} {Uri(number)} 8 {number} duid=m{number};kamrpc=c";
}
