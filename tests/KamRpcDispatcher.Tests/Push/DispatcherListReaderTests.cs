using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Push.Rpc;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

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
            new ListedDestination(1, "sip:10.0.0.1", ListedState.Active, true, 9, "duid=a;kamrpc=c"),
            new ListedDestination(1, "sip:10.0.0.2", ListedState.Disabled, false, 0, string.Empty),
            new ListedDestination(int.MaxValue, "sip:[::1]:5060", ListedState.Inactive, true, -3, string.Empty),
        }));
    }

    [TestCase("""{"RECORDS":{"SET":{"ID":1,"TARGETS":{"DEST":{"URI":"sip:a","FLAGS":"TP"}}}}}""", TestName = "One set as an object")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"TP","PRIORITY":null,"ATTRS":null}}]}}]}""", TestName = "Nulls")]
    [TestCase("""{"RECORDS":[{"SET":{"ID":1,"TARGETS":[{"DEST":{"URI":"sip:a","FLAGS":"TP","ATTRS":{"BODY":null}}}]}}]}""", TestName = "A body of null")]
    public void Other_shapes_mean_the_same(string json) =>
        Assert.That(Read(json), Is.EqualTo(new[] { new ListedDestination(1, "sip:a", ListedState.Trying, true, 0, string.Empty) }));

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

    private static IReadOnlyList<ListedDestination> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return DispatcherListReader.Read(document.RootElement.Clone());
    }
}
