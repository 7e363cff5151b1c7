using System.Buffers;
using System.Text;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamailioRpc.Json;
using NUnit.Framework;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Tests.Json;

/// <summary>Literal requests and replies, the latter as Kamailio 5.6.3 answers.</summary>
public class JsonRpcFormatterTests
{
    private static IEnumerable<TestCaseData> Requests =>
    [
        new TestCaseData("core.version", Array.Empty<object>(), """{"jsonrpc":"2.0","method":"core.version","params":[],"id":8}"""),
        new TestCaseData(
            "dispatcher.add",
            new object[] { 1, "sip:10.0.0.1", 8, 16777216L, "duid=é<'\"\\;\n" },
            """{"jsonrpc":"2.0","method":"dispatcher.add","params":[1,"sip:10.0.0.1",8,16777216,"duid=é<'\"\\;\n"],"id":8}"""),
        new TestCaseData("m", new object[] { true, false, 1.5, -1, string.Empty }, """{"jsonrpc":"2.0","method":"m","params":[true,false,1.5,-1,""],"id":8}"""),
    ];

    [TestCaseSource(nameof(Requests))]
    public void A_request_is_one_object(string method, object[] arguments, string json) => Assert.That(Write(new JsonRpcFormatter(new RequestIds(7)), method, arguments), Is.EqualTo(json));

    [Test]
    public void For_a_FIFO_it_names_the_FIFO_to_reply_to() =>
        Assert.That(
            Write(new JsonRpcFormatter(new RequestIds(7), "kamrpc-1"), "core.echo", []),
            Is.EqualTo("""{"jsonrpc":"2.0","method":"core.echo","params":[],"id":8,"reply_name":"kamrpc-1"}"""));

    /// <summary>It would make Kamailio write a file.</summary>
    [Test]
    public void No_argument_becomes_a_store_path() =>
        Assert.That(
            Write(new JsonRpcFormatter(new RequestIds(7)), "core.echo", ["\",\"store_path\":\"/tmp/x\""]),
            Is.EqualTo("""{"jsonrpc":"2.0","method":"core.echo","params":["\",\"store_path\":\"/tmp/x\""],"id":8}"""));

    [TestCase("""{"jsonrpc":"2.0","result":"kamailio 5.6.3 (x86_64/linux) ","id":8}""", "\"kamailio 5.6.3 (x86_64/linux) \"")]
    [TestCase("""{"jsonrpc":"2.0","result":["abc"],"id":8}""", """["abc"]""")]
    [TestCase("""{"jsonrpc":"2.0","result":{"now":"a","uptime":3},"id":8}""", """{"now":"a","uptime":3}""")]
    [TestCase("{\n\t\"jsonrpc\":\t\"2.0\",\n\t\"result\":\t{\n\t\t\"a\":\t1\n\t},\n\t\"id\":\t8\n}\n", "{\n\t\t\"a\":\t1\n\t}")]
    [TestCase("""{"id":8,"result":null,"more":[{"id":1}]}""", "null")]
    public void A_result_is_kept_as_it_came(string reply, string result)
    {
        var bytes = Encoding.UTF8.GetBytes(reply);
        foreach (var sequence in new[] { new ReadOnlySequence<byte>(bytes), HexBytes.InPieces(bytes) })
        {
            var message = (JsonRpcResult)Awaiting(1).Deserialize(sequence);
            Assert.That(message.RequestId, Is.EqualTo(new RequestId(1)));
            Assert.That(message.Result!.ToString(), Is.EqualTo(result));
        }
    }

    [TestCase("""{"jsonrpc":"2.0","error":{"code":500,"message":"No Destination Sets"},"id":8}""", 500, "No Destination Sets")]
    [TestCase("""{"jsonrpc":"2.0","id":8,"error":{"more":{},"message":"x","code":-32601}}""", -32601, "x")]
    [TestCase("""{"id":8,"error":{"code":500,"message":null}}""", 500, "")]
    public void A_fault_has_code_and_message(string reply, int code, string text)
    {
        var message = (JsonRpcError)Awaiting(1).Deserialize(new(Encoding.UTF8.GetBytes(reply)));

        Assert.That((message.RequestId, (int)message.Error!.Code, message.Error.Message), Is.EqualTo((new RequestId(1), code, text)));
    }

    [TestCase("")]
    [TestCase("rubbish")]
    [TestCase("[]")]
    [TestCase("{}")]
    [TestCase("""{"id":8,"result":1}x""")]
    [TestCase("""{"id":8,"result":1}{"id":8,"result":1}""")]
    [TestCase("""{"id":8,"result":1""")]
    [TestCase("""{"id":"8","result":1}""")]
    [TestCase("""{"id":8.5,"result":1}""")]
    [TestCase("""{"id":null,"result":1}""")]
    [TestCase("""{"id":8}""")]
    [TestCase("""{"id":8,"error":{}}""")]
    [TestCase("""{"id":8,"error":"x"}""")]
    [TestCase("""{"id":8,"error":{"code":"500"}}""")]
    [TestCase("""{"id":8,"error":{"code":500,"message":"\ud800"}}""")]
    public void What_is_no_reply_is_malformed(string reply) =>
        Assert.That(() => new JsonRpcFormatter().Deserialize(new(Encoding.UTF8.GetBytes(reply))), Throws.InstanceOf<KamailioMalformedReplyException>());

    /// <summary>Kamailio repeats what it was given.</summary>
    [Test]
    public void A_fault_in_another_coding_is_one()
    {
        var message = (JsonRpcError)Awaiting(1).Deserialize(new(Encoding.Latin1.GetBytes("""{"error":{"code":500,"message":"Zürich"},"id":8}""")));

        Assert.That(((int)message.Error!.Code, message.Error.Message), Is.EqualTo((500, "Z\\xfcrich")));
    }

    [Test]
    public void A_result_in_another_coding_is_one_and_knows_the_length_of_its_reply()
    {
        var reply = Encoding.Latin1.GetBytes("""{"result":{"a":"Zürich"},"id":8}""");

        var result = (RpcResult)((JsonRpcResult)Awaiting(1).Deserialize(new(reply))).Result!;

        Assert.That(result.ToElement().GetProperty("a").GetString(), Is.EqualTo("Z\ufffdrich"));
        Assert.That(result.ReplyLength, Is.EqualTo(reply.Length));
    }

    [Test]
    public void What_nests_too_deep_is_malformed() =>
        Assert.That(
            () => new JsonRpcFormatter().Deserialize(new(Encoding.UTF8.GetBytes($$"""{"id":8,"result":{{new string('[', 100)}}{{new string(']', 100)}}}"""))),
            Throws.InstanceOf<KamailioMalformedReplyException>());

    [Test]
    public void What_Kamailio_does_not_take_is_said() =>
        Assert.That(() => Write(new JsonRpcFormatter(), "m", [DateTime.UnixEpoch]), Throws.InstanceOf<NotSupportedException>().With.Message.Contains("DateTime"));

    [Test]
    public void What_nobody_waits_for_is_stray()
    {
        var formatter = Awaiting(1);
        var reply = "{\"id\":8,\"result\":1}"u8.ToArray();

        Assert.That(formatter.Deserialize(new("{\"id\":7,\"result\":1}"u8.ToArray())), Is.InstanceOf<UnmatchedReply>());
        Assert.That(formatter.Deserialize(new(reply)), Is.InstanceOf<JsonRpcResult>());
        Assert.That(formatter.Deserialize(new(reply)), Is.InstanceOf<UnmatchedReply>(), "once more");
    }

    /// <summary>A formatter that has sent this request, as id 7 higher.</summary>
    private static JsonRpcFormatter Awaiting(long id)
    {
        var ids = new RequestIds(7);
        ids.ToWire(new RequestId(id));
        return new JsonRpcFormatter(ids);
    }

    private static string Write(JsonRpcFormatter formatter, string method, object[] arguments)
    {
        var output = new ArrayBufferWriter<byte>();
        formatter.Serialize(output, new JsonRpcRequest { RequestId = new RequestId(1), Method = method, ArgumentsList = arguments });
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
