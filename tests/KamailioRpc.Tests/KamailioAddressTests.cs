using NUnit.Framework;

namespace KamailioRpc.Tests;

public class KamailioAddressTests
{
    [Test]
    public void The_default_address_is_valid()
    {
        Assert.That(KamailioAddress.TryParse(KamailioAddress.Default, out var address, out _));
        Assert.That(address!.Path, Is.EqualTo("/run/kamailio/kamailio_rpc.sock"));
        Assert.That(address.ToString(), Is.EqualTo(KamailioAddress.Default));
    }

    [TestCase("jsonrpc+unix:/run/kamailio/kamailio_rpc.sock", RpcProtocol.JsonRpc, RpcTransport.UnixDatagram, "/run/kamailio/kamailio_rpc.sock", null, 0)]
    [TestCase("jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo", RpcProtocol.JsonRpc, RpcTransport.Fifo, "/run/kamailio/kamailio_rpc.fifo", null, 0)]
    [TestCase("jsonrpc+udp://127.0.0.1:8090", RpcProtocol.JsonRpc, RpcTransport.Udp, null, "127.0.0.1", 8090)]
    [TestCase("jsonrpc+tcp://[::1]:5042", RpcProtocol.JsonRpc, RpcTransport.Tcp, null, "::1", 5042)]
    [TestCase("http://127.0.0.1:5060/RPC", RpcProtocol.JsonRpc, RpcTransport.Http, null, "127.0.0.1", 5060)]
    [TestCase("https://proxy.example/RPC", RpcProtocol.JsonRpc, RpcTransport.Http, null, "proxy.example", 443)]
    [TestCase("binrpc+unix:/run/kamailio/kamailio_ctl", RpcProtocol.BinRpc, RpcTransport.UnixStream, "/run/kamailio/kamailio_ctl", null, 0)]
    [TestCase("binrpc+unixd:/run/kamailio/kamailio_ctl_d", RpcProtocol.BinRpc, RpcTransport.UnixDatagram, "/run/kamailio/kamailio_ctl_d", null, 0)]
    [TestCase("binrpc+tcp://localhost:2049", RpcProtocol.BinRpc, RpcTransport.Tcp, null, "localhost", 2049)]
    [TestCase("binrpc+udp://127.0.0.1:2049", RpcProtocol.BinRpc, RpcTransport.Udp, null, "127.0.0.1", 2049)]
    public void Every_form_is_read(string text, RpcProtocol protocol, RpcTransport transport, string? path, string? host, int port)
    {
        Assert.That(KamailioAddress.TryParse(text, out var address, out var error), error);
        Assert.Multiple(() =>
        {
            Assert.That(address!.Protocol, Is.EqualTo(protocol));
            Assert.That(address.Transport, Is.EqualTo(transport));
            Assert.That(address.Path, Is.EqualTo(path));
            Assert.That(address.Host, Is.EqualTo(host));
            Assert.That(address.Port, Is.EqualTo(port));
            Assert.That(address.ToString(), Is.EqualTo(text));
            Assert.That(address, Is.EqualTo(KamailioAddress.Parse(text)));
        });
    }

    [TestCase("", "is not an address")]
    [TestCase("/run/kamailio/kamailio_rpc.sock", "is not an address")]
    [TestCase("tcp://127.0.0.1:5042", "jsonrpc+tcp://")]
    [TestCase("jsonrpc+unix:", "no absolute path")]
    [TestCase("jsonrpc+unix:/", "no absolute path")]
    [TestCase("jsonrpc+unix:rpc.sock", "no absolute path")]
    [TestCase("jsonrpc+unix:///run/x", "two slashes")]
    [TestCase("jsonrpc+fifo:", "no absolute path")]
    [TestCase("binrpc+unix:ctl", "no absolute path")]
    [TestCase("jsonrpc+udp://127.0.0.1", "no host and port")]
    [TestCase("jsonrpc+udp://:8090", "no host and port")]
    [TestCase("jsonrpc+tcp://127.0.0.1:0", "no host and port")]
    [TestCase("jsonrpc+tcp://127.0.0.1:65536", "no host and port")]
    [TestCase("jsonrpc+tcp://::1:5042", "no host and port")]
    [TestCase("jsonrpc+tcp://127.0.0.1:5042/RPC", "no host and port")]
    [TestCase("binrpc+tcp://user@127.0.0.1:2049", "no host and port")]
    [TestCase("http:///RPC", "is not a URL")]
    [TestCase("http://127.0.0.1:x/RPC", "is not a URL")]
    public void Others_are_rejected_with_the_reason(string text, string reason)
    {
        Assert.That(KamailioAddress.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [Test]
    public void A_password_is_rejected_and_not_repeated()
    {
        Assert.That(KamailioAddress.TryParse("https://operator:geheim@127.0.0.1/RPC", out _, out var error), Is.False);
        Assert.That(error, Does.Contain("has a user in it").And.Not.Contain("geheim"));
    }

    [Test]
    public void A_path_longer_than_a_socket_can_have_is_rejected() =>
        Assert.That(KamailioAddress.TryParse("jsonrpc+unix:/" + new string('x', KamailioAddress.MaxPathLength), out _, out _), Is.False);
}
