using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Kubernetes.Merging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Sources.Kubernetes;

public class PortChoiceTests
{
    [TestCase("sip UDP 5060,sip-tcp TCP 5060", null, "sip (UDP 5060)")]
    [TestCase("rtcp UDP 4000,sip UDP 5080", null, "sip (UDP 5080)")]
    [TestCase("http TCP 80,voice UDP 5070", null, "voice (UDP 5070)")]
    [TestCase("http TCP 80,sip TCP 5060", null, "sip (TCP 5060)")]
    [TestCase("http TCP 80,sips TCP 5061", null, "sips (TLS 5061)")]
    [TestCase("any TCP 5066", null, "any (TCP 5066)")]
    [TestCase("a UDP 1000,b UDP 2000", "b", "b (UDP 2000)")]
    [TestCase("sip UDP 5060,sip-tls TCP 5061", "sip-tls", "sip-tls (TLS 5061)")]
    [TestCase("", null, "without a name (UDP 5060)")]
    [TestCase("sip UDP ", null, "sip (UDP 5060)")]
    [TestCase("sips TCP ", null, "sips (TLS 5061)")]
    public void One_port_is_taken(string ports, string? asked, string expected)
    {
        Assert.That(PortChoice.TryChoose(Read(ports), asked, out var choice, out var error), error);
        Assert.That(choice!.ToString(), Is.EqualTo(expected));
    }

    [TestCase("a UDP 1000,b UDP 2000", null, "not clear")]
    [TestCase("a TCP 1000,b TCP 2000", null, "kamrpc/port")]
    [TestCase("sip UDP 5060", "other", "no port named 'other'")]
    [TestCase("sip UDP 70000", null, "70000")]
    [TestCase("sip QUIC 5060", null, "QUIC")]
    public void What_is_not_clear_is_refused_and_named(string ports, string? asked, string reason)
    {
        Assert.That(PortChoice.TryChoose(Read(ports), asked, out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [Test]
    public void What_the_port_is_for_may_say_that_it_is_TLS()
    {
        Assert.That(PortChoice.TryChoose([new EndpointPort("signalling", null, 7000, "sips")], null, out var choice, out _));
        Assert.That(choice!.ToString(), Is.EqualTo("signalling (TLS 7000)"));
    }

    private static List<EndpointPort?> Read(string ports) =>
        [.. ports.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static port => port.Split(' ')).Select(static parts => new EndpointPort(parts[0], parts[1], parts[2].Length == 0 ? null : int.Parse(parts[2]), null))];
}
