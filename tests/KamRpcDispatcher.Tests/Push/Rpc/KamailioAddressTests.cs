using KamRpcDispatcher.Push.Rpc;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Rpc;

public class KamailioAddressTests
{
    [Test]
    public void The_default_address_is_valid()
    {
        Assert.That(KamailioAddress.TryParse(KamailioAddress.Default, out var address, out _));
        Assert.That(address!.Path, Is.EqualTo("/run/kamailio/kamailio_rpc.sock"));
        Assert.That(address.ToString(), Is.EqualTo(KamailioAddress.Default));
    }

    [TestCase("", "is not an address")]
    [TestCase("/run/kamailio/kamailio_rpc.sock", "is not an address")]
    [TestCase("http://127.0.0.1:5060/RPC", "is not an address")]
    [TestCase("jsonrpc+unix:", "no absolute path")]
    [TestCase("jsonrpc+unix:/", "no absolute path")]
    [TestCase("jsonrpc+unix:rpc.sock", "no absolute path")]
    [TestCase("jsonrpc+unix:///run/x", "two slashes")]
    [TestCase("jsonrpc+fifo:", "no absolute path")]
    public void Others_are_rejected_with_the_reason(string text, string reason)
    {
        Assert.That(KamailioAddress.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [Test]
    public void A_FIFO_is_an_address_too()
    {
        Assert.That(KamailioAddress.TryParse("jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo", out var address, out _));
        Assert.That(address, Is.EqualTo(new KamailioAddress(RpcTransport.Fifo, "/run/kamailio/kamailio_rpc.fifo")));
    }

    [Test]
    public void A_path_longer_than_a_socket_can_have_is_rejected() =>
        Assert.That(KamailioAddress.TryParse("jsonrpc+unix:/" + new string('x', KamailioAddress.MaxPathLength), out _, out _), Is.False);
}
