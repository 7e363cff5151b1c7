using System.Text;
using CsCheck;
using KamRpcDispatcher.Probe.Sip;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Probe;

public class SipMessageTests
{
    private const string Branch = "z9hG4bK1";
    private const string Valid = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a:1;rport;branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 5\r\n\r\n";

    private static readonly string[] Pieces =
    [
        "SIP/2.0 200 OK", "\r\n", "\n", "\r", " ", "\t", "Via:", "v:", "v :", "\"", "\\", ";branch=z9hG4bK1", "=", ";", ",", "CSeq: 1 OPTIONS",
        "l: -1", "l:99999999999", "Content-Length: 3", ":", "\0", "\u00e9",
    ];

    // Bytes, pieces of SIP, and a good answer with a few bytes of it replaced.
    private static readonly Gen<byte[]> Hostile = Gen.OneOf(
        Gen.Byte.Array[0, 200],
        Gen.Int[0, Pieces.Length - 1].Select(static piece => Pieces[piece])
            .Array[0, 40].Select(static pieces => Encoding.UTF8.GetBytes(string.Concat(pieces))),
        Gen.Select(Gen.Int[0, Valid.Length - 1], Gen.Byte).Array[1, 4].Select(static changes =>
        {
            var bytes = Encoding.ASCII.GetBytes(Valid + "hello");
            Array.ForEach(changes, change => bytes[change.Item1] = change.Item2);
            return bytes;
        }));

    [TestCase(Valid)]
    [TestCase("sip/2.0 200 OK\r\nVIA:SIP/2.0/UDP a:1;rport;BRANCH=z9hG4bK1\r\ncseq:1 OPTIONS\r\ncontent-LENGTH:5\r\n\r\n", Description = "case")]
    [TestCase("SIP/2.0 200 OK\r\nl : 5\r\nCSeq : 1  OPTIONS \r\nv : SIP/2.0/UDP a:1;branch=z9hG4bK1\r\n\r\n", Description = "compact, with blanks, in another order")]
    [TestCase("SIP/2.0 200 OK\r\nVia: SIP / 2.0 / UDP\r\n a:1\r\n\t;rport\r\n ;branch =\r\n z9hG4bK1\r\nCSeq: 1\r\n OPTIONS\r\nContent-Length:\r\n 5\r\n\r\n", Description = "folded")]
    [TestCase("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a:1;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK3\r\nCSeq: 1 OPTIONS\r\nl: 5\r\nl: 5\r\n\r\n", Description = "several Vias")]
    [TestCase("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a:1;x=\"\\\";branch=z9hG4bK2,\";branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\nl: 5\r\n\r\n", Description = "a quoted string")]
    [TestCase("SIP/2.0 200 OK\nVia: SIP/2.0/UDP a:1;branch=z9hG4bK1\nCSeq: 1 OPTIONS\nl: 5\n\n", Description = "LF alone")]
    [TestCase("SIP/2.0 200 OK\r\nno colon\r\n: no name\r\nVia: SIP/2.0/UDP a:1;branch=z9hG4bK1;rport=5;received=::1\r\nX:\r\nCSeq: 1 OPTIONS\r\nl: 5\r\n\r\n", Description = "what is not SIP in between")]
    public void An_answer_is_read(string text)
    {
        var message = SipMessage.Read(Encoding.ASCII.GetBytes(text));

        Assert.That(message.Status, Is.EqualTo(200));
        Assert.That(Encoding.ASCII.GetString(message.Phrase), Is.EqualTo("OK"));
        Assert.That(Encoding.ASCII.GetString(message.Branch), Is.EqualTo(Branch));
        Assert.That(message.BodyLength, Is.EqualTo(5));
        Assert.That(message.Answers("z9hG4bK1"u8), Is.True);
        Assert.That(message.Answers("z9hG4bK"u8), Is.False);
    }

    [TestCase("OPTIONS sip:a SIP/2.0", 0)]
    [TestCase("SIP/2.0 99 Low", 0)]
    [TestCase("SIP/2.0 099 Low", 0)]
    [TestCase("SIP/2.0 700 High", 0)]
    [TestCase("SIP/2.0 2000 Long", 0)]
    [TestCase("SIP/2.0  200 Blank", 0)]
    [TestCase("SIP/2.0 +20 Sign", 0)]
    [TestCase("HTTP/1.1 200 OK", 0)]
    [TestCase("", 0)]
    [TestCase("SIP/2.0 200", 200)]
    [TestCase("SIP/2.0 699 ", 699)]
    public void Only_a_status_line_has_a_status(string line, int status) =>
        Assert.That(SipMessage.Read(Encoding.ASCII.GetBytes(line + "\r\n\r\n")).Status, Is.EqualTo(status));

    [TestCase("", SipMessage.UnknownLength)]
    [TestCase("l: 5\r\nContent-Length: 6\r\n", SipMessage.UnknownLength)]
    [TestCase("l: 5\r\nl: 6\r\nl: 6\r\n", SipMessage.UnknownLength)]
    [TestCase("l: -1\r\n", SipMessage.UnknownLength)]
    [TestCase("l: 99999999999\r\n", SipMessage.UnknownLength)]
    [TestCase("l: 5 5\r\n", SipMessage.UnknownLength)]
    [TestCase("l: 2147483647\r\n", int.MaxValue)]
    public void A_length_that_is_none_is_unknown(string fields, int expected) =>
        Assert.That(SipMessage.Read(Encoding.ASCII.GetBytes("SIP/2.0 200 OK\r\n" + fields + "\r\n")).BodyLength, Is.EqualTo(expected));

    [TestCase("SIP/2.0 200 OK\r\nX: y\r\n\r\nbody", 24)]
    [TestCase("SIP/2.0 200 OK\nX: y\n\nbody", 21, Description = "LF alone")]
    [TestCase("SIP/2.0 200 OK\nX: y\n\r\nbody", 22, Description = "both")]
    [TestCase("SIP/2.0 200 OK\r\nX: y\r\n\nbody", 23, Description = "both")]
    [TestCase("SIP/2.0 200 OK\nX: y\n", -1)]
    [TestCase("SIP/2.0 200 OK\nX: y\n\r", -1, Description = "the rest may come")]
    [TestCase("SIP/2.0 200 OK\nX: y\n\rZ: z", -1)]
    [TestCase("", -1)]
    public void The_head_ends_with_an_empty_line_however_lines_end(string text, int length) =>
        Assert.That(SipMessage.HeadLength(Encoding.ASCII.GetBytes(text)), Is.EqualTo(length));

    [TestCase("SIP/2.0 200 OK\nX: y\n", "SIP/2.0 200 OK\nX: y\n", Description = "the datagram ends it")]
    [TestCase("\r\n\n\rSIP/2.0 200 OK\nX: y\n\nbody", "SIP/2.0 200 OK\nX: y\n\n")]
    [TestCase("SIP/2.0 200 OK\nX: cut of", "")]
    [TestCase("\r\n\r\n", "")]
    [TestCase("", "")]
    public void A_datagrams_head_is_what_Kamailio_takes_for_it(string datagram, string head) =>
        Assert.That(Encoding.ASCII.GetString(SipMessage.HeadOf(Encoding.ASCII.GetBytes(datagram))), Is.EqualTo(head));

    [Test]
    public void The_head_of_hostile_input_is_a_part_of_it_that_ends_with_a_line() => Hostile.Sample(
        static text =>
        {
            var length = SipMessage.HeadLength(text);
            var head = SipMessage.HeadOf(text);
            return length >= -1 && length <= text.Length && (length < 0 || text[length - 1] == '\n') && head.Length <= text.Length && (head.IsEmpty || head[^1] == '\n');
        },
        iter: 50_000);

    [Test]
    public void Hostile_input_is_read_as_something_or_nothing() => Hostile.Sample(
        static text =>
        {
            var message = SipMessage.Read(text);
            return message.Status is 0 or (>= 100 and <= 699) && message.BodyLength >= SipMessage.UnknownLength;
        },
        iter: 50_000);

    [Test]
    public void A_stream_of_hostile_input_is_taken_apart_to_its_end() => Hostile.Sample(
        static text =>
        {
            ReadOnlySpan<byte> rest = text;
            while (true)
            {
                var consumed = SipFraming.Take(rest, out var head);
                if (head.IsEmpty || consumed < 0)
                {
                    return consumed <= rest.Length;
                }

                if (consumed < head.Length)
                {
                    return false;
                }

                rest = rest[consumed..];
            }
        },
        iter: 50_000);
}
