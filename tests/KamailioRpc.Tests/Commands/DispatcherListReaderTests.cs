using KamailioRpc.Commands;
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
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"FLAGS":"AP"}}]}}]}""")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"?"}}]}}]}""")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"\ud800","FLAGS":"AP"}}]}}]}""")]
    public void What_is_no_list_is_garbled(string json) =>
        Assert.That(() => Read(json), Throws.InstanceOf<KamailioGarbledReplyException>());

    private static IReadOnlyList<DispatcherDestination> Read(string json) => DispatcherListReader.Read(Results.Of(json));
}
