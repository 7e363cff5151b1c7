using System.Buffers;
using KamailioRpc.Binrpc;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using NUnit.Framework;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Tests.Binrpc;

/// <summary>Literal messages: requests as kamcmd 5.6.3 sent them, replies as Kamailio 5.6.3 answered.</summary>
public class BinrpcFormatterTests
{
    private static IEnumerable<TestCaseData> Requests =>
    [
        new TestCaseData(0x7f0d0efeu, "core.echo", new object[] { "abc" }, "a103117f0d0efe 910a636f72652e6563686f00 4161626300"),
        new TestCaseData(0x243e00f2u, "core.version", Array.Empty<object>(), "a1030f243e00f2 910d636f72652e76657273696f6e00"),
        new TestCaseData(
            0x5ccdbb0cu,
            "dispatcher.set_state",
            new object[] { "d", 1, "sip:127.0.0.1:5071" },
            "a103315ccdbb0c 9115646973706174636865722e7365745f737461746500 216400 1001 91137369703a3132372e302e302e313a3530373100"),
        new TestCaseData(0x4d359974u, "nope", Array.Empty<object>(), "a103064d359974 516e6f706500"),
        new TestCaseData(7u, "m", new object[] { 0, -1, 300, true, false, 1.5, string.Empty }, "a1001407 216d00 00 40ffffffff 20012c 1001 00 2205dc 1100"),
    ];

    private static IEnumerable<TestCaseData> Results =>
    [
        new TestCaseData("a113057f0d0efe 4161626300", "\"abc\"").SetName("One text"),
        new TestCaseData("a113217f0d0efe 911f6b616d61696c696f20352e362e3320287838365f36342f6c696e75782920 00", "\"kamailio 5.6.3 (x86_64/linux) \"").SetName("core.version"),
        new TestCaseData(
            "a113507f0d0efe 0365746f74616c0040040000005566726565004003d71e285575736564003025 34f0950a7265616c5f7573656400 3028e1d895096d61785f757365640030 28e1d8950a667261676d656e747300 100183",
            """{"total":67108864,"free":64429608,"used":2438384,"real_used":2679256,"max_used":2679256,"fragments":1}""").SetName("core.shmmem"),
        new TestCaseData(
            "a11701047f0d0efe 03 754e525345545300 1001 95085245434f52445300 03 4553455400 03 35494400 1001 95085441524745545300 03 5544455354 00 03 4555524900 91137369703a3132372e302e302e313a3530373100 65464c41475300 31415000"
            + "95095052494f5249545900 1007 65415454525300 03 55424f445900 9112647569643d613b727765696768743d333000 554455494400 216100 95084d41584c4f414400 00 7557454947485400 00 950852574549474854 00 101e"
            + "75534f434b455400 910e3c6e756c6c20737472696e673e00 9509534f434b4e414d4500 910e3c6e756c6c20737472696e673e00 95084f4250524f585900 910e3c6e756c6c20737472696e673e00 83 83 83 83 83 83",
            """{"NRSETS":1,"RECORDS":{"SET":{"ID":1,"TARGETS":{"DEST":{"URI":"sip:127.0.0.1:5071","FLAGS":"AP","PRIORITY":7,"ATTRS":{"BODY":"duid=a;rweight=30","DUID":"a","MAXLOAD":0,"WEIGHT":0,"RWEIGHT":30,"SOCKET":null,"SOCKNAME":null,"OBPROXY":null}}}}}}""")
            .SetName("dispatcher.list"),
        new TestCaseData("a113007f0d0efe", "{}").SetName("Nothing"),
        new TestCaseData("a113057f0d0efe 00 1007 216100", """[0,7,"a"]""").SetName("Several values"),
        new TestCaseData("a113057f0d0efe 40ffffffff", "-1").SetName("A negative integer"),
        new TestCaseData("a1130b7f0d0efe 04 1001 4161626300 84 04 84", """[[1,"abc"],[]]""").SetName("Arrays"),
        new TestCaseData("a1130c7f0d0efe 2205dc 02 4200030d40 82fffffffffffffc18", "[1.5,0,200,-1]").SetName("Numbers in thousandths"),
        new TestCaseData("a1130a7f0d0efe 66616263646566 4161ff6200", """["abcdef","a�b"]""").SetName("HexBytes, and a text that is not UTF-8"),
        new TestCaseData("a113047f0d0efe 91021f00", "\"\\u001F\"").SetName("A control character"),
        new TestCaseData("a113087f0d0efe 04 25610010 01 25620000 84", """[{"a":1},{"b":0}]""").SetName("Named values in an array"),
    ];

    private static IEnumerable<string> Malformed =>
    [
        string.Empty,
        "a1",
        "b113057f0d0efe 4161626300",
        "a113057f0d0efe 41616263",
        "a113057f0d0efe 416162630000",
        "a123057f0d0efe 4161626300",
        "a103057f0d0efe 4161626300",
        "a113057f0d0efe 4161626364",
        "a113057f0d0efe 5161626300",
        "a113017f0d0efe 91",
        "a113017f0d0efe 03",
        "a113017f0d0efe 83",
        "a113027f0d0efe 8303",
        "a113027f0d0efe 0384",
        "a113027f0d0efe 0483",
        "a113037f0d0efe 031001",
        "a113037f0d0efe 256100",
        "a113057f0d0efe 0325610083",
        "a113067f0d0efe 500000000001",
        "a113067f0d0efe f10000000001",
        "a1130a7f0d0efe 92000000000000000001",
        "a113017f0d0efe 0f",
        "a133057f0d0efe 2001f41100ff",
        "a133037f0d0efe 2001f4",
        "a133057f0d0efe 4161626300",
    ];

    [TestCaseSource(nameof(Requests))]
    public void A_request_is_what_kamcmd_sends(uint cookie, string method, object[] arguments, string bytes)
    {
        var output = new ArrayBufferWriter<byte>();

        new BinrpcFormatter(new RequestIds(cookie)).Serialize(output, new JsonRpcRequest { RequestId = new RequestId(0), Method = method, ArgumentsList = arguments });

        Assert.That(HexBytes.ToHex(output.WrittenSpan), Is.EqualTo(bytes.Replace(" ", string.Empty, StringComparison.Ordinal)));
    }

    [TestCaseSource(nameof(Results))]
    public void A_result_becomes_JSON(string bytes, string json)
    {
        // Lengths are written here as they come; what is behind the sixth byte is the body.
        var message = WithLength(HexBytes.Of(bytes));

        foreach (var sequence in new[] { new ReadOnlySequence<byte>(message), HexBytes.InPieces(message) })
        {
            var reply = (JsonRpcResult)Awaiting(0x7f0d0efe).Deserialize(sequence);
            Assert.That(reply.RequestId, Is.EqualTo(new RequestId(0)));
            Assert.That(reply.Result!.ToString(), Is.EqualTo(json));
        }
    }

    [Test]
    public void A_fault_has_code_and_message()
    {
        var reply = (JsonRpcError)Awaiting(0x02368183).Deserialize(
            new(HexBytes.Of("a1331902368183 2001f4 9114556e6b6e6f776e2053746174652056616c756500")));

        Assert.That((reply.RequestId, (int)reply.Error!.Code, reply.Error.Message), Is.EqualTo((new RequestId(0), 500, "Unknown State Value")));
    }

    [TestCaseSource(nameof(Malformed))]
    public void What_is_no_reply_is_malformed(string bytes) =>
        Assert.That(() => new BinrpcFormatter().Deserialize(new(HexBytes.Of(bytes))), Throws.InstanceOf<KamailioMalformedReplyException>());

    /// <summary>The bytes stay as they are, with quotes, backslashes and control characters escaped: what reads them can tell what they were.</summary>
    [Test]
    public void A_text_in_another_coding_keeps_its_bytes()
    {
        var reply = HexBytes.Of("a1130a7f0d0efe 91085afc225c011b7200");

        var result = (RpcResult)((JsonRpcResult)Awaiting(0x7f0d0efe).Deserialize(new(WithLength(reply)))).Result!;

        Assert.That(HexBytes.ToHex(result.Json.Span), Is.EqualTo(HexBytes.ToHex([.. "\"Z"u8, 0xfc, .. "\\\"\\\\\\u0001\\u001br\""u8])));
        Assert.That(result.ReplyLength, Is.EqualTo(reply.Length));
        Assert.That(result.ToElement().GetString(), Is.EqualTo("Z\ufffd\"\\\u0001\u001br"));
    }

    [Test]
    public void What_nests_too_deep_is_malformed()
    {
        byte[] body = [.. Enumerable.Repeat((byte)0x04, 100), .. Enumerable.Repeat((byte)0x84, 100)];

        Assert.That(
            () => new BinrpcFormatter().Deserialize(new([0xa1, 0x10, (byte)body.Length, 1, .. body])),
            Throws.InstanceOf<KamailioMalformedReplyException>().With.Message.Contains("deeper"));
    }

    [TestCase(long.MaxValue)]
    [TestCase(1e300)]
    [TestCase("a\0b")]
    [TestCase(null)]
    public void What_BINRPC_cannot_carry_is_said(object? argument) =>
        Assert.That(
            () => new BinrpcFormatter().Serialize(new ArrayBufferWriter<byte>(), new JsonRpcRequest { RequestId = new RequestId(1), Method = "m", ArgumentsList = [argument] }),
            Throws.InstanceOf<NotSupportedException>());

    [Test]
    public void What_nobody_waits_for_is_stray() =>
        Assert.That(Awaiting(0x7f0d0eff).Deserialize(new(HexBytes.Of("a113057f0d0efe 4161626300"))), Is.InstanceOf<UnmatchedReply>());

    /// <summary>A formatter that has sent the request with this cookie.</summary>
    private static BinrpcFormatter Awaiting(uint cookie)
    {
        var ids = new RequestIds(cookie);
        ids.ToWire(new RequestId(0));
        return new BinrpcFormatter(ids);
    }

    private static byte[] WithLength(byte[] message)
    {
        var lengthBytes = ((message[1] >> 2) & 3) + 1;
        var body = message.Length - 2 - lengthBytes - 4;
        for (var i = 0; i < lengthBytes; i++)
        {
            message[2 + i] = (byte)(body >> (8 * (lengthBytes - 1 - i)));
        }

        return message;
    }
}
