using System.Globalization;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Rpc;

/// <summary>How long a list may be for a datagram, and where it is read from when it is longer.</summary>
[Category("Matrix")]
[Parallelizable]
public class ReadWayTests
{
    [OneTimeSetUp]
    public void Require() => RealServers.Require("kamailio");

    [Test]
    public async Task Another_way_to_the_same_Kamailio_is_found_where_it_was_told_to_be()
    {
        await using var kamailio = await OpenKamailio.StartAsync();
        await using var client = kamailio.Client("jsonrpc+unix");

        var way = await FindAsync(client, kamailio.Options);

        Assert.That(way.Address?.ToString(), Is.EqualTo(kamailio.Address("jsonrpc+fifo")), string.Join('\n', way.Reasons));
        Assert.That(way.Reasons, Has.Count.EqualTo(1).And.All.Contains("Kamailio does not listen on jsonrpc+fifo:"), "beside the socket there is none");
    }

    [Test]
    public async Task Another_Kamailios_FIFO_is_no_way()
    {
        await using var ours = await KamailioServer.StartAsync(new KamailioOptions { RpcUdpPort = RealServers.FreeUdpPort(), ExtraConfig = "#!define KAMRPC_TRANSPORT 4" });
        await using var theirs = await OpenKamailio.StartAsync();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("replies"));

        // A socket whose directory has the FIFO of the other one.
        var beside = Path.Combine(Path.GetDirectoryName(theirs.Server("jsonrpc+fifo").FifoPath)!, "kamailio_rpc.sock");
        File.CreateSymbolicLink(beside, theirs.Server("jsonrpc+unix").SocketPath);
        await using var client = new RpcClient(KamailioAddress.Parse("jsonrpc+unix:" + beside), theirs.Options);
        Assert.That((await FindAsync(client, theirs.Options)).Address, Is.Not.Null, "the control");

        await using var other = new RpcClient(KamailioAddress.Parse(ours.RpcAddress), theirs.Options);
        var way = await KamailioReadWay.FindAsync(new Elsewhere(other, client.Address), theirs.Options, CancellationToken.None);

        Assert.That(way.Address, Is.Null);
        Assert.That(way.Reasons, Has.Some.Contains("another Kamailio answers there"));
    }

    /// <summary>While it starts, a Kamailio's processes differ from one moment to the next: then it is asked again.</summary>
    private static async Task<KamailioReadWay> FindAsync(IRpcClient client, RpcClientOptions options)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            var way = await KamailioReadWay.FindAsync(client, options, deadline.Token);
            if (way.Address is not null || !way.Reasons.Any(static reason => reason.Contains("still starting", StringComparison.Ordinal)))
            {
                return way;
            }
        }
    }

    /// <summary>To the byte: what fits is answered, and one byte more is not.</summary>
    [TestCase("jsonrpc+unix")]
    [TestCase("jsonrpc+udp")]
    public async Task A_reply_as_long_as_the_limit_comes_and_a_longer_one_does_not(string transport)
    {
        await using var kamailio = await OpenKamailio.StartAsync(KamailioOptions.WithLatePings);
        await using var client = kamailio.Client(transport, static options => options with { Timeout = TimeSpan.FromSeconds(3) });
        var limit = client.Address.ReplyLimit!.Value;
        var count = 100;
        var length = await LengthAsync(count, 0);

        // From 6.1 on each destination has an id with a count of all that were ever loaded, and a list loaded anew may be longer by a digit for each:
        // well below the limit until that is over.
        int before;
        do
        {
            before = length;
            count = Fitting(limit - 3000);
            length = await LengthAsync(count, 0);
        }
        while (length != before);

        count = Fitting(limit);
        var padding = limit - await LengthAsync(count, 0);
        Assert.That(await LengthAsync(count, padding), Is.InRange(limit - 1, limit));
        await Assert.ThatAsync(() => LengthAsync(count, padding + 3), Throws.InstanceOf<KamailioTimeoutException>());
        await client.EchoAsync(CancellationToken.None);

        int Fitting(int bytes) => (int)((long)count * bytes / length);

        async Task<int> LengthAsync(int destinations, int more)
        {
            var server = kamailio.Server(transport);
            await File.WriteAllLinesAsync(server.ListFile, Enumerable.Range(0, destinations).Select(number => Line(number, number == 0 ? more / 2 : number == 1 ? more - (more / 2) : 0)));
            await server.CallAsync("dispatcher.reload");
            var list = await client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None);
            Assert.That(list, Has.Count.EqualTo(destinations));
            return list.Length;
        }
    }

    private static string Line(int number, int more) =>
        string.Create(CultureInfo.InvariantCulture, $"1 sip:127.1.{100 + (number / 100)}.{100 + (number % 100)}:5060 8 {1000 + number} note=x{new string('x', more)}");

    /// <summary>Says that it is elsewhere.</summary>
    private sealed class Elsewhere(IRpcClient client, KamailioAddress address) : IRpcClient
    {
        public KamailioAddress Address => address;

        public string InstanceToken => client.InstanceToken;

        public Task<RpcResult> InvokeAsync(string method, IReadOnlyList<object?> arguments, CancellationToken cancellationToken) => client.InvokeAsync(method, arguments, cancellationToken);

        public ValueTask DisposeAsync() => client.DisposeAsync();
    }
}
