using KamailioRpc;
using KamRpcDispatcher.Dispatch;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Several Kamailios of a host have a name each, and the only one has the host's.</summary>
public class DefaultProxyNameTests
{
    [TestCase(KamailioAddress.Default, "edge")]
    [TestCase("jsonrpc+fifo:/run/kamailio/kamailio_rpc.fifo", "edge")]
    [TestCase("binrpc+unix:/var/run/kamailio/kamailio_ctl", "edge")]
    [TestCase("jsonrpc+udp://127.0.0.1:8090", "edge-8090")]
    [TestCase("http://localhost:5060/RPC", "edge-5060")]
    [TestCase("jsonrpc+unix:/run/kamailio-b/kamailio_rpc.sock", "edge-b")]
    [TestCase("jsonrpc+unix:/run/kamailio/b/kamailio_rpc.sock", "edge-b")]
    [TestCase("jsonrpc+unix:/srv/b/kamailio/kamailio_rpc.sock", "edge-b")]
    [TestCase("jsonrpc+unix:/run/kamailio/second.sock", "edge-second")]
    [TestCase("jsonrpc+unix:/run/kam b/rpc.sock", "edge-kamb-rpc")]
    [TestCase("jsonrpc+udp://127.0.0.1:8091", "edge-8091")]
    [TestCase("jsonrpc+tcp://[::1]:5043", "edge-5043")]
    [TestCase("jsonrpc+tcp://10.0.0.7:5042", "edge-10.0.0.7-5042")]
    public void The_name_of_a_proxy_that_is_given_none(string address, string name) =>
        Assert.That(DefaultProxyName.For(KamailioAddress.Parse(address), "edge"), Is.EqualTo(name));
}
