using NSubstitute;
using NUnit.Framework;

namespace KamailioRpc.Tests;

public class KamailioReadWayTests
{
    [Test]
    public void The_FIFO_comes_first_and_what_is_beside_the_socket_before_the_usual_places() =>
        Assert.That(
            KamailioReadWay.Candidates(KamailioAddress.Parse("jsonrpc+unix:/run/k1/kamailio_rpc.sock"), "/run/k2").Select(static way => way.ToString()),
            Is.EqualTo(new[]
            {
                "jsonrpc+fifo:/run/k1/kamailio_rpc.fifo", "jsonrpc+fifo:/run/k2/kamailio_rpc.fifo", "jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo",
                "jsonrpc+fifo:/var/run/kamailio/kamailio_rpc.fifo", "jsonrpc+fifo:/usr/local/var/run/kamailio/kamailio_rpc.fifo",
                "binrpc+unix:/run/k1/kamailio_ctl", "binrpc+unix:/run/k2/kamailio_ctl", "binrpc+unix:/run/kamailio/kamailio_ctl",
                "binrpc+unix:/var/run/kamailio/kamailio_ctl", "binrpc+unix:/usr/local/var/run/kamailio/kamailio_ctl",
            }));

    [Test]
    public void From_ctl_another_ctl_is_no_better() =>
        Assert.That(
            KamailioReadWay.Candidates(KamailioAddress.Parse("binrpc+unix:/run/kamailio/kamailio_ctl"), "/run/kamailio").Select(static way => way.ToString()),
            Is.EqualTo(new[]
            {
                "jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo", "jsonrpc+fifo:/var/run/kamailio/kamailio_rpc.fifo", "jsonrpc+fifo:/usr/local/var/run/kamailio/kamailio_rpc.fifo",
            }));

    [TestCase("jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo")]
    [TestCase("http://127.0.0.1:5060/RPC")]
    [TestCase("jsonrpc+tcp://127.0.0.1:5042")]
    public async Task A_way_that_takes_any_length_is_its_own_reader_and_nobody_is_asked(string address)
    {
        await using var client = Substitute.For<IRpcClient>();
        client.Address.Returns(KamailioAddress.Parse(address));

        var way = await KamailioReadWay.FindAsync(client, new RpcClientOptions(), CancellationToken.None);

        Assert.That((way.Address, way.Reasons.Count), Is.EqualTo((client.Address, 0)));
        await client.DidNotReceiveWithAnyArgs().InvokeAsync(default!, default!, default);
    }

    [TestCase("jsonrpc+unix:/x", 131_040, 65_456, null)]
    [TestCase("jsonrpc+udp://127.0.0.1:1", 65_507, 65_456, null)]
    [TestCase("jsonrpc+fifo:/x", null, 4_096, null)]
    [TestCase("jsonrpc+tcp://127.0.0.1:1", null, 65_455, null)]
    [TestCase("http://127.0.0.1/RPC", null, null, null)]
    [TestCase("binrpc+unix:/x", null, null, 1_024)]
    [TestCase("binrpc+unixd:/x", null, null, 1_024)]
    [TestCase("binrpc+tcp://127.0.0.1:1", null, null, 1_024)]
    [TestCase("binrpc+udp://127.0.0.1:1", 65_507, null, 1_024)]
    public void Each_way_has_its_limits(string address, int? reply, int? request, int? destinations)
    {
        var way = KamailioAddress.Parse(address);

        Assert.That((way.ReplyLimit, way.RequestLimit, way.DestinationsOfSetLimit), Is.EqualTo((reply, request, destinations)));
        Assert.That(way.DropsLongReplies, Is.EqualTo(way.ReplyLimit is not null));
    }
}
