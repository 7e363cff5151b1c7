using System.Buffers.Binary;
using System.Net;
using System.Text;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Probe.Sip;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class OptionsRequestTests
{
    [Test]
    public void It_is_what_RFC_3261_asks_for()
    {
        var last = 1000L;
        var request = new OptionsRequest(SipUri.Parse("sip:10.0.0.1:5070"), IPEndPoint.Parse("192.0.2.7:40000"), bytes => BinaryPrimitives.WriteInt64BigEndian(bytes, ++last));
        request.Renew();

        Assert.That(Text(request), Is.EqualTo(string.Join("\r\n",
            "OPTIONS sip:10.0.0.1:5070 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.7:40000;rport;branch=z9hG4bK00000000000003e9",
            "Max-Forwards: 70",
            "From: <sip:kamrpc@192.0.2.7>;tag=00000000000003ea",
            "To: <sip:10.0.0.1:5070>",
            "Call-ID: 00000000000003eb@192.0.2.7",
            "CSeq: 1 OPTIONS",
            "Contact: <sip:kamrpc@192.0.2.7:40000>",
            "Accept: application/sdp",
            $"User-Agent: kamrpc/{typeof(OptionsRequest).Assembly.GetName().Version!.ToString(3)}",
            "Content-Length: 0",
            "",
            "")));
    }

    [TestCase("sip:a.example.org", "UDP", "<sip:kamrpc@192.0.2.7:40000>")]
    [TestCase("sip:a.example.org;transport=udp", "UDP", "<sip:kamrpc@192.0.2.7:40000>")]
    [TestCase("sip:a.example.org;transport=tcp", "TCP", "<sip:kamrpc@192.0.2.7:40000;transport=tcp>")]
    [TestCase("sip:a.example.org;transport=tls", "TLS", "<sip:kamrpc@192.0.2.7:40000;transport=tls>")]
    [TestCase("sips:a.example.org", "TLS", "<sips:kamrpc@192.0.2.7:40000>")]
    [TestCase("sips:a.example.org;transport=tcp", "TLS", "<sips:kamrpc@192.0.2.7:40000>")]
    public void Each_transport_has_its_own_Via_and_Contact(string uri, string transport, string contact)
    {
        var text = Text(Request(uri, "192.0.2.7:40000"));

        Assert.That(text, Does.StartWith($"OPTIONS {uri} SIP/2.0\r\n"));
        Assert.That(text, Does.Contain($"\r\nVia: SIP/2.0/{transport} 192.0.2.7:40000;rport;branch=z9hG4bK"));
        Assert.That(text, Does.Contain($"\r\nTo: <{uri}>\r\n"));
        Assert.That(text, Does.Contain($"\r\nContact: {contact}\r\n"));
    }

    [Test]
    public void IPv6_addresses_stand_in_brackets_and_without_a_scope()
    {
        var text = Text(Request("sip:[2001:db8::1]", "[fe80::7%3]:40000"));

        Assert.That(text, Does.StartWith("OPTIONS sip:[2001:db8::1] SIP/2.0\r\n"));
        Assert.That(text, Does.Contain("\r\nVia: SIP/2.0/UDP [fe80::7]:40000;"));
        Assert.That(text, Does.Contain("\r\nFrom: <sip:kamrpc@[fe80::7]>;tag="));
        Assert.That(text, Does.Contain("@[fe80::7]\r\n"));
        Assert.That(text, Does.Contain("\r\nContact: <sip:kamrpc@[fe80::7]:40000>\r\n"));
    }

    [Test]
    public void Each_transaction_has_its_own_branch_tag_and_call_id()
    {
        var request = Request("sip:10.0.0.1", "192.0.2.7:40000");
        var seen = new HashSet<string>();
        for (var i = 0; i < 100; i++)
        {
            request.Renew();
            var text = new SipRequestText(Text(request));
            Assert.That(Encoding.ASCII.GetString(request.Branch), Is.EqualTo(text.Branch));
            Assert.That(text.Branch, Does.Match("^z9hG4bK[0-9a-f]{16}$"));
            Assert.That(seen.Add(text.Branch) && seen.Add(text.Field("Call-ID")) && seen.Add(text.Field("From")), Is.True);
        }
    }

    [Test]
    public void What_tells_answers_from_forgeries_comes_from_the_generator_of_secrets()
    {
        var source = File.ReadAllText(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher", "Probe", "Sip", "OptionsRequest.cs"));

        Assert.That(source, Does.Contain("LibC.FillWithSecret").And.Not.Contain("Random.Shared"));
    }

    [Test]
    public void What_the_kernel_gives_of_it_fills_all_that_is_asked_for_and_is_another_each_time()
    {
        var (one, other) = (new byte[100_000], new byte[100_000]);
        LibC.FillWithSecret(one);
        LibC.FillWithSecret(other);

        Assert.That(one.Chunk(16).Concat(other.Chunk(16)).Select(Convert.ToHexString), Is.Unique);
        Assert.That(() => LibC.FillWithSecret([]), Throws.Nothing);
    }

    private static OptionsRequest Request(string uri, string local) => new(SipUri.Parse(uri), IPEndPoint.Parse(local));

    private static string Text(OptionsRequest request) => Encoding.ASCII.GetString(request.Text.Span);
}
