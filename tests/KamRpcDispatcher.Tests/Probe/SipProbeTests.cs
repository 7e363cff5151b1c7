using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Probe.Sip;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class SipProbeTests
{
    [TestCase("sip:10.0.0.1", null)]
    [TestCase("sip:10.0.0.1;transport=tcp", null)]
    [TestCase("sip:10.0.0.1;transport=tls", null)]
    [TestCase("sips:10.0.0.1", null)]
    [TestCase("sip:10.0.0.1;transport=sctp", "'sip:10.0.0.1;transport=sctp' cannot be probed over sctp: give --probe-uri with udp, tcp or tls, or --probe tcp, exec:<command> or none")]
    [TestCase("sip:10.0.0.1;transport=ws", "over ws:")]
    [TestCase("sips:10.0.0.1;transport=wss", "over wss:")]
    public async Task What_cannot_be_probed_is_told_with_what_to_do(string text, string? why)
    {
        var uri = SipUri.Parse(text);
        var options = new SipProbeOptions();

        Assert.That(SipProbe.WhyNot(uri, options), why is null ? Is.Null : Does.Contain(why));
        if (why is null)
        {
            await using var probe = SipProbe.Create(uri, options);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => SipProbe.Create(uri, options));
        }
    }

    [Test]
    public void A_CA_file_that_cannot_be_used_is_told_before_anything_is_probed()
    {
        var options = new SipProbeOptions { CaFile = "/etc/passwd" };

        Assert.That(SipProbe.WhyNot(SipUri.Parse("sips:a"), options), Is.EqualTo("the CA file '/etc/passwd' holds no certificate"));
        Assert.That(SipProbe.WhyNot(SipUri.Parse("sips:a"), options with { CaFile = "/dev/zero" }), Does.Contain("'/dev/zero' is no regular file"));
        Assert.That(SipProbe.WhyNot(SipUri.Parse("sips:a"), options with { CaFile = "/nowhere" }), Does.StartWith("the CA file '/nowhere' cannot be read: "));
        Assert.That(SipProbe.WhyNot(SipUri.Parse("sip:a"), options), Is.Null, "it has no part in UDP");
    }
}
