using KamRpcDispatcher.Destinations.Addresses;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Destinations;

public class SipUriTests
{
    [TestCase("sip:10.0.0.1", "10.0.0.1", 5060, SipTransport.Udp)]
    [TestCase("sip:10.0.0.1:5070", "10.0.0.1", 5070, SipTransport.Udp)]
    [TestCase("sip:10.0.0.1:5061;transport=tls", "10.0.0.1", 5061, SipTransport.Tls)]
    [TestCase("sip:10.0.0.1;transport=tls", "10.0.0.1", 5061, SipTransport.Tls)]
    [TestCase("sip:10.0.0.1;transport=tcp", "10.0.0.1", 5060, SipTransport.Tcp)]
    [TestCase("sips:10.0.0.1", "10.0.0.1", 5061, SipTransport.Tls)]
    [TestCase("sips:10.0.0.1;transport=tcp", "10.0.0.1", 5061, SipTransport.Tls)]
    [TestCase("sip:[2001:DB8::1]", "2001:db8::1", 5060, SipTransport.Udp)]
    [TestCase("sip:[::1]:5080;transport=tcp", "::1", 5080, SipTransport.Tcp)]
    [TestCase("SIP:Asterisk-1.Example.ORG", "asterisk-1.example.org", 5060, SipTransport.Udp)]
    public void A_destination_is_read(string text, string host, int port, SipTransport transport)
    {
        var uri = SipUri.Parse(text);

        Assert.Multiple(() =>
        {
            Assert.That(uri.Host, Is.EqualTo(host));
            Assert.That(uri.Port, Is.EqualTo(port));
            Assert.That(uri.Transport, Is.EqualTo(transport));
            Assert.That(uri.Text, Is.EqualTo(text.ToLowerInvariant()));
        });
    }

    [TestCase(null, "empty")]
    [TestCase("", "empty")]
    [TestCase("10.0.0.1", "does not start with sip:")]
    [TestCase("tel:+441234", "does not start with sip:")]
    [TestCase("sip:", "neither an IPv4 address")]
    [TestCase("sip:user@10.0.0.1", "a user before an @")]
    [TestCase("sip:user:secret@10.0.0.1", "a user before an @")]
    [TestCase("sip:10.0.0.256", "neither an IPv4 address")]
    [TestCase("sip:10.0.0", "neither an IPv4 address")]
    [TestCase("sip:010.0.0.1", "'010.0.0.1' has a number with a zero before it, which some read as octal: write it without")]
    [TestCase("sip:10.0.0.01:5060", "'10.0.0.01' has a number with a zero before it")]
    [TestCase("sip:[::ffff:010.0.0.1]", "is not an IPv6 address")]
    [TestCase("sip:0x7f.1", "neither an IPv4 address")]
    [TestCase("sip:-a.example.org", "neither an IPv4 address")]
    [TestCase("sip:a b.example.org", "a space")]
    [TestCase("sip:[::1", "not an IPv6 address")]
    [TestCase("sip:[10.0.0.1]", "not an IPv6 address")]
    [TestCase("sip:[fe80::1%eth0]", "not an IPv6 address")]
    [TestCase("sip:[::1]5060", "follows the IPv6 address")]
    [TestCase("sip:::1", "neither an IPv4 address")]
    [TestCase("sip:10.0.0.1:0", "port")]
    [TestCase("sip:10.0.0.1:65536", "port")]
    [TestCase("sip:10.0.0.1:", "port")]
    [TestCase("sip:10.0.0.1:+5060", "port")]
    [TestCase("sip:10.0.0.1;lr", "';lr' is not allowed")]
    [TestCase("sip:10.0.0.1;transport=tcp;lr", "is not allowed")]
    [TestCase("sip:10.0.0.1;", "is not allowed")]
    [TestCase("sip:10.0.0.1;transport=quic", "is not allowed")]
    [TestCase("sips:10.0.0.1;transport=udp", "sips: cannot go over udp")]
    [TestCase("sip:10.0.0.1?x=y", "neither an IPv4 address")]
    [TestCase("sip:10.0.0.1 ", "a space")]
    [TestCase("sip:10.0.0.1\r\nVia: x", "a space")]
    [TestCase("sip:10.0.0.1\0", "a space")]
    [TestCase("sip:\u0661\u0660.0.0.1", "outside ASCII")]
    public void What_could_break_out_of_a_URI_is_rejected_with_the_reason(string? text, string reason)
    {
        Assert.That(SipUri.TryParse(text, out _, out var error), Is.False);
        Assert.That(error, Does.Contain(reason));
    }

    [Test]
    public void A_URI_longer_than_the_limit_is_rejected() =>
        Assert.That(SipUri.TryParse("sip:" + new string('a', SipUri.MaxLength), out _, out _), Is.False);

    [TestCase("sip:10.0.0.1", "sip:10.0.0.1:5060;transport=udp")]
    [TestCase("sip:[::1]", "sip:[0:0:0:0:0:0:0:1]:5060")]
    [TestCase("sips:a.example.org", "sip:A.example.org;transport=tls")]
    public void URIs_that_lead_to_one_endpoint_are_equal(string one, string other)
    {
        Assert.Multiple(() =>
        {
            Assert.That(SipUri.Parse(one), Is.EqualTo(SipUri.Parse(other)));
            Assert.That(SipUri.Parse(one).Endpoint, Is.EqualTo(SipUri.Parse(other).Endpoint));
            Assert.That(SipUri.Parse(one).GetHashCode(), Is.EqualTo(SipUri.Parse(other).GetHashCode()));
        });
    }

    [TestCase("sip:10.0.0.1", "sip:10.0.0.1;transport=tcp")]
    [TestCase("sip:10.0.0.1", "sip:10.0.0.1:5061")]
    [TestCase("sip:10.0.0.1", "sip:10.0.0.2")]
    public void URIs_that_lead_elsewhere_differ(string one, string other) =>
        Assert.That(SipUri.Parse(one), Is.Not.EqualTo(SipUri.Parse(other)));
}
