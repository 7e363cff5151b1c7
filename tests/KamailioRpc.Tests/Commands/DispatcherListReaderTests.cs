using KamailioRpc.Commands;
using KamailioRpc.Commands.Reading;
using KamailioRpc.Errors;
using NUnit.Framework;

namespace KamailioRpc.Tests.Commands;

public class DispatcherListReaderTests
{
    [Test]
    public void Several_sets_are_read_in_Kamailios_order()
    {
        var listed = Read("""
            {"NRSETS":2,"RECORDS":[
              {"SET":{"ID":1,"TARGETS":[
                {"DEST":{"URI":"sip:10.0.0.1","FLAGS":"AP","PRIORITY":9,"ATTRS":{"BODY":"duid=a;kamrpc=c","DUID":"a","MAXLOAD":0}}},
                {"DEST":{"URI":"sip:10.0.0.2","FLAGS":"DX","PRIORITY":0}}]}},
              {"SET":{"ID":2147483647,"TARGETS":[{"DEST":{"URI":"sip:[::1]:5060","FLAGS":"IP","PRIORITY":-3,"LATENCY":{"AVG":0.1}}}]}}]}
            """);

        Assert.That(listed, Is.EqualTo(new[]
        {
            new DispatcherDestination { Set = 1, Uri = "sip:10.0.0.1", State = DestinationState.Active, IsProbed = true, Priority = 9, Attributes = "duid=a;kamrpc=c", Duid = "a" },
            new DispatcherDestination { Set = 1, Uri = "sip:10.0.0.2", State = DestinationState.Disabled },
            new DispatcherDestination
            {
                Set = int.MaxValue,
                Uri = "sip:[::1]:5060",
                State = DestinationState.Inactive,
                IsProbed = true,
                Priority = -3,
                Latency = new DestinationLatency(0.1, 0, 0, 0, 0),
            },
        }));
    }

    [Test]
    public void Everything_that_the_full_list_tells_is_read()
    {
        var listed = Read("""
            {"NRSETS":1,"RECORDS":[{"SET":{"ID":7,"TARGETS":[{"DEST":{"IDX":0,"URI":"sip:asterisk:5070","FLAGS":"TN","PRIORITY":5,"IUID":"x",
              "HOST":"asterisk","IPADDR":"127.0.0.1","PORT":5070,"PROTOID":1,"DNSTIME_SEC":0,"OCRATE":100,
              "ATTRS":{"BODY":"duid=a;maxload=9;weight=30;rweight=40;socket=udp:127.0.0.1:5060;sockname=inside;obproxy=sip:127.0.0.1:5090","DUID":"a","PROBING_COUNT":0,"MAXLOAD":9,"WEIGHT":30,"RWEIGHT":40,
                "SOCKET":"udp:127.0.0.1:5060","SOCKNAME":"inside","PING_SOCKET":"","OBPROXY":"sip:127.0.0.1:5090","OCMIN":0,"OCMAX":100},
              "LATENCY":{"AVG":1.5,"STD":0.25,"EST":1.25,"MAX":7,"TIMEOUT":2},"RUNTIME":{"DLGLOAD":3}}}]}}]}
            """);

        Assert.That(listed, Is.EqualTo(new[]
        {
            new DispatcherDestination
            {
                Set = 7,
                Uri = "sip:asterisk:5070",
                State = DestinationState.Trying,
                Priority = 5,
                Attributes = "duid=a;maxload=9;weight=30;rweight=40;socket=udp:127.0.0.1:5060;sockname=inside;obproxy=sip:127.0.0.1:5090",
                Duid = "a",
                MaxLoad = 9,
                Weight = 30,
                RelativeWeight = 40,
                Socket = "udp:127.0.0.1:5060",
                SocketName = "inside",
                OutboundProxy = "sip:127.0.0.1:5090",
                Latency = new DestinationLatency(1.5, 0.25, 1.25, 7, 2),
                DialogLoad = 3,
                Host = "asterisk",
                IpAddress = "127.0.0.1",
                Port = 5070,
            },
        }));
    }

    [TestCase("""{"RECORDS":{"SET":{"ID":1,"TARGETS":{"DEST":{"URI":"sip:a","FLAGS":"TP"}}}}}""", TestName = "One set as an object")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"TP","PRIORITY":null,"ATTRS":null}}]}}]}""", TestName = "Nulls")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"TP","ATTRS":{"BODY":null}}}]}}]}""", TestName = "A body of null")]
    [TestCase("""{"RECORDS":[{"SET":{"TARGETS":[{"DEST":{"PRIORITY":0,"FLAGS":"TP","URI":"sip:a"}}],"ID":1}}],"NRSETS":1}""", TestName = "Another order")]
    [TestCase("""{"RECORDS":[{"SET":{"TARGETS":{"DEST":{"FLAGS":"TP","URI":"sip:a"}},"ID":1}}]}""", TestName = "Another order, one destination as an object")]
    [TestCase("""{"more":[{"SET":1}],"RECORDS":[{"more":{"ID":9},"SET":{"ID":1,"more":[[]],"TARGETS":[{"more":null,"DEST":{"URI":"sip:a","FLAGS":"TP","more":{"URI":"sip:b"}}}]}}]}""", TestName = "More members than known")]
    public void Other_shapes_mean_the_same(string json) =>
        Assert.That(Read(json), Is.EqualTo(new[] { new DispatcherDestination { Set = 1, Uri = "sip:a", State = DestinationState.Trying, IsProbed = true } }));

    [TestCase("""{"RECORDS":[]}""")]
    [TestCase("""{"RECORDS":null}""")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[]}}]}""")]
    public void A_list_may_be_empty(string json) => Assert.That(Read(json), Is.Empty);

    [TestCase("7")]
    [TestCase("{}")]
    [TestCase("""{"RECORDS":7}""")]
    [TestCase("""{"RECORDS":[7]}""")]
    [TestCase("""{"RECORDS":[{"SET":7}]}""")]
    [TestCase("""{"RECORDS":[{"SET":{"TARGETS":[]}}]}""")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1}}]}""")]
    public void What_is_no_list_is_malformed(string json) =>
        Assert.That(() => Read(json), Throws.InstanceOf<KamailioMalformedReplyException>());

    [TestCase("""{"FLAGS":"AP","PRIORITY":7}""", """{"FLAGS":"AP","PRIORITY":7}""", "it has no URI")]
    [TestCase("""{"URI":7,"FLAGS":"AP"}""", """{"URI":7,"FLAGS":"AP"}""", "it has no URI")]
    [TestCase("""{"URI":"sip:b"}""", "sip:b", "it has no FLAGS")]
    [TestCase("""{"URI":"sip:b","FLAGS":"?\u001b"}""", "sip:b", "its FLAGS '?\\\\u001b' are not known")]
    [TestCase("""{"URI":"\ud800","FLAGS":"AP"}""", "\\ud800", "its URI has bytes that are not UTF-8")]
    [TestCase("""{"URI":"sip:b","URI":"sip:c","FLAGS":"AP"}""", "sip:c", "it has several URIs")]
    [TestCase("""{"URI":"sip:b","FLAGS":"AP","FLAGS":"DX"}""", "sip:b", "it has several FLAGS")]
    [TestCase("""{"URI":"sip:b","FLAGS":"AP","PRIORITY":99999999999}""", "sip:b", "its PRIORITY 99999999999 is no number of 32 bits")]
    [TestCase("[7]", "[7]", "it is no object")]
    [TestCase("7", "7", "it is no object")]
    [TestCase("""{"URI":"sip:\u0007b\u202e","FLAGS":""}""", "sip:\\u0007b\\u202e", "its FLAGS '' are not known")]
    public void An_entry_that_cannot_be_understood_is_named_and_costs_no_other(string entry, string text, string reason)
    {
        var listed = DispatcherListReader.Read(Results.Of(
            $$$$"""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"AX"}},{"DEST":{{{{entry}}}}},{"DEST":{"URI":"sip:z","FLAGS":"AX"}}]}}]}"""));

        Assert.That(listed.Destinations.Select(static destination => destination.Uri), Is.EqualTo(new[] { "sip:a", "sip:z" }));
        Assert.That(listed.Unreadable, Is.EqualTo(new[] { new UnreadableEntry(1, text, reason) }));
    }

    [TestCase("99999999999")]
    [TestCase("\"1\"")]
    [TestCase("7,\"ID\":8")]
    public void A_set_whose_number_cannot_be_read_costs_no_other(string id)
    {
        var listed = DispatcherListReader.Read(Results.Of(
            $$$$"""{"RECORDS":[{"SET":{"ID":{{{{id}}}},"TARGETS":[{"DEST":{"URI":"sip:b","FLAGS":"AX"}}]}},{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"AX"}}]}}]}"""));

        Assert.That(listed.Select(static destination => destination.Uri), Is.EqualTo(new[] { "sip:a" }));
        Assert.That(listed.Unreadable, Is.EqualTo(new[] { new UnreadableEntry(null, "sip:b", "its set has an ID that is no number of 32 bits") }));
    }

    /// <summary>Kamailio writes the bytes that it was given: seen on 5.6.3 for <c>duid=Z\xfcrich</c> in a list file.</summary>
    [Test]
    public void Attributes_in_another_coding_are_shown_and_marked_and_no_two_look_alike()
    {
        byte[][] bodies = ["duid=Z\u00fcrich"u8.ToArray(), "duid=Z\\\\xfcrich"u8.ToArray(), Latin1("duid=Zürich"), Latin1("duid=Z\\\\xfcrich;ü"), Latin1("duid=Zürich;\\\\xfc"), Latin1("\\u00e9é\\n")];
        var json = new List<byte>("{\"RECORDS\":[{\"SET\":{\"ID\":2,\"TARGETS\":["u8.ToArray());
        foreach (var (index, body) in bodies.Index())
        {
            var start = $"{(index > 0 ? "," : "")}{{\"DEST\":{{\"URI\":\"sip:{index}\",\"FLAGS\":\"AX\",\"ATTRS\":{{\"BODY\":\"";
            json.AddRange([.. Latin1(start), .. body, .. "\"}}}"u8]);
        }

        json.AddRange("]}}]}"u8);
        var listed = DispatcherListReader.Read(new RpcResult(json.ToArray()));

        Assert.That(listed.Unreadable, Is.Empty);
        Assert.That(listed.Select(static destination => (destination.Attributes, destination.IsExact)), Is.EqualTo(new[]
        {
            ("duid=Zürich", true), ("duid=Z\\xfcrich", true), ("duid=Z\\xfcrich", false), ("duid=Z\\\\xfcrich;\\xfc", false), ("duid=Z\\xfcrich;\\\\xfc", false), ("é\\xe9\n", false),
        }));
    }

    [Test]
    public void A_URI_in_another_coding_cannot_be_addressed_so_it_is_left_alone()
    {
        var listed = DispatcherListReader.Read(new RpcResult(Latin1("""{"RECORDS":[{"SET":{"ID":2,"TARGETS":[{"DEST":{"URI":"sip:üser@a","FLAGS":"AX"}},{"DEST":{"URI":"sip:b","FLAGS":"AX"}}]}}]}""")));

        Assert.That(listed.Select(static destination => destination.Uri), Is.EqualTo(new[] { "sip:b" }));
        Assert.That(listed.Unreadable, Is.EqualTo(new[] { new UnreadableEntry(2, "sip:\\xfcser@a", "its URI has bytes that are not UTF-8") }));
    }

    private static byte[] Latin1(string text) => System.Text.Encoding.Latin1.GetBytes(text);

    private static DispatcherList Read(string json) => DispatcherListReader.Read(Results.Of(json));
}
