using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Samples;

/// <summary>What Kamailio sends to Homer (WITH_HOMER of the snippet), as a receiver of HEP version 3 sees it.</summary>
[Category("Matrix")]
[Parallelizable]
public sealed partial class HomerTests
{
    private const uint CaptureId = 4711;

    [Test]
    public async Task Every_message_of_a_call_is_copied_on_both_legs_under_one_Call_ID()
    {
        RealServers.Require("kamailio", "sipp");
        using var homer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        homer.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using var server = new SipResponder("127.0.65", 1);
        await using var kamailio = await KamailioServer.StartAsync(Options(server, $"""
            #!define WITH_HOMER
            #!define KAMRPC_HOMER "sip:{homer.LocalEndPoint}"
            #!define KAMRPC_HOMER_ID {CaptureId}
            """));
        var callee = IPEndPoint.Parse(server.Uris[0]["sip:".Length..]);

        var load = await SipLoad.RunAsync(kamailio.Sip, calls: 1, perSecond: 1, TimeSpan.FromMilliseconds(100));
        Assert.That(load.Failed, Is.Zero, load.Errors);

        // Pings come between them.
        var call = new List<Copy>();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        while (call.Count(static copy => copy is { Method: "BYE", IsAnswer: true }) < 2)
        {
            var copy = await ReceiveAsync(homer, deadline.Token);
            Assert.That(copy.CaptureId, Is.EqualTo(CaptureId));
            if (copy.Method != "OPTIONS")
            {
                call.Add(copy);
            }
        }

        Assert.That(call.Select(static copy => copy.CallId).Distinct(), Has.One.Items, "both legs have the caller's");
        foreach (var method in new[] { "INVITE", "ACK", "BYE" })
        {
            Assert.That(call.Where(copy => copy.Method == method && !copy.IsAnswer).Select(static copy => (copy.From.Equals(copy.To), copy.To)).Distinct(), Is.EqualTo(new[] { (false, kamailio.Sip), (false, callee) }), $"{method}: received, then sent");
        }

        Assert.That(call.Where(static copy => copy is { Method: "INVITE", IsAnswer: false }).Last().From, Is.EqualTo(kamailio.Sip));
        Assert.That(call.Where(static copy => copy is { Method: "INVITE", IsAnswer: true } && copy.Text.StartsWith("SIP/2.0 200", StringComparison.Ordinal)).Select(static copy => copy.From).Distinct(), Is.EqualTo(new[] { callee, kamailio.Sip }));
    }

    [Test]
    public async Task Without_the_define_nothing_is_loaded()
    {
        RealServers.Require("kamailio");
        await using var server = new SipResponder("127.0.66", 1);
        await using var kamailio = await KamailioServer.StartAsync(Options(server, string.Empty));

        Assert.That((await kamailio.CallAsync("core.modules")).ToString(), Does.Contain("dispatcher").And.Not.Contain("siptrace"));
    }

    private static KamailioOptions Options(SipResponder server, string defines) => new() { ListFileLines = [$"1 {server.Uris[0]}"], ExtraConfig = defines };

    /// <summary>The bytes of a datagram: HEP3, its length, and chunks of a vendor (0), a type, a length and a value each.</summary>
    private static async Task<Copy> ReceiveAsync(Socket homer, CancellationToken cancellationToken)
    {
        const int Head = 6;
        var buffer = new byte[ushort.MaxValue];
        var datagram = buffer.AsMemory(0, await homer.ReceiveAsync(buffer, cancellationToken)).ToArray();
        Assert.That(Encoding.ASCII.GetString(datagram, 0, 4), Is.EqualTo("HEP3"));
        Assert.That(Number(datagram, 4), Is.EqualTo(datagram.Length));
        var chunks = new Dictionary<int, byte[]>();
        for (var at = Head; at < datagram.Length; at += Number(datagram, at + 4))
        {
            Assert.That(Number(datagram, at), Is.Zero, "the vendor");
            chunks.Add(Number(datagram, at + 2), datagram[(at + Head)..(at + Number(datagram, at + 4))]);
        }

        Assert.That((chunks[1].Single(), chunks[2].Single(), chunks[11].Single()), Is.EqualTo(((byte)AddressFamily.InterNetwork, (byte)ProtocolType.Udp, (byte)1)), "IPv4, UDP, SIP");
        Assert.That(DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(chunks[9])), Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(1)));
        return new Copy(
            new IPEndPoint(new IPAddress(chunks[3]), Number(chunks[7], 0)), new IPEndPoint(new IPAddress(chunks[4]), Number(chunks[8], 0)),
            BinaryPrimitives.ReadUInt32BigEndian(chunks[12]), Encoding.UTF8.GetString(chunks[15]));
    }

    private static int Number(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(at));

    /// <summary>A message that was received or sent.</summary>
    private sealed partial record Copy(IPEndPoint From, IPEndPoint To, uint CaptureId, string Text)
    {
        public bool IsAnswer => Text.StartsWith("SIP/2.0 ", StringComparison.Ordinal);

        public string Method => Sequence().Match(Text).Groups[1].Value;

        public string CallId => Id().Match(Text).Groups[1].Value;

        [GeneratedRegex("^CSeq: *[0-9]+ ([A-Z]+)", RegexOptions.Multiline)]
        private static partial Regex Sequence();

        [GeneratedRegex("^Call-ID: *([^\r\n]+)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
        private static partial Regex Id();
    }
}
