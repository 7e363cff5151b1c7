using System.Text;
using System.Text.Json;
using KamRpcDispatcher.Sources.Records;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Operators;

/// <summary>What is wrong with JSON is told in kamrpc's words, with the place that an editor shows.</summary>
public sealed class JsonFaultTests
{
    [TestCase("", "it is empty")]
    [TestCase("{\"a\":", "it ends too early")]
    [TestCase("{\n  \"a\": }", "'}' in line 2, at byte 8, is not expected there")]
    [TestCase("{\"a\":1,\n\n\"b\":é}", "the byte 0xc3 in line 3, at byte 5, is not expected there")]
    [TestCase("{\"a\":1} x", "'x' in line 1, at byte 9, is not expected there")]
    [TestCase("{\"a\":1,\"a\":2}", "a field is there twice in one object")]
    [TestCase("[[[[[", "it is nested too deep")]
    public void The_place_and_what_stands_there_are_told(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var exception = Assert.Catch<JsonException>(() => JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 3 }));

        Assert.That(JsonFault.Of(exception, bytes), Is.EqualTo(expected), exception.Message);
    }
}
