using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class YamlTextTests
{
    [Test]
    public void Objects_and_arrays_are_blocks_and_words_stand_as_they_are() => Assert.That(
        YamlText.Of("""{"cluster":"lab","inStep":false,"none":null,"empty":[],"nothing":{},"sets":[{"set":1,"names":["a-1","b"],"at":{"x":1.5}},{"set":2}],"matrix":[[1,2],[3]]}"""),
        Is.EqualTo("""
            cluster: lab
            inStep: false
            none: null
            empty: []
            nothing: {}
            sets:
              - set: 1
                names:
                  - a-1
                  - b
                at:
                  x: 1.5
              - set: 2
            matrix:
              - - 1
                - 2
              - - 3

            """));

    [TestCase("no", "\"no\"")]
    [TestCase("Null", "\"Null\"")]
    [TestCase("5.6", "\"5.6\"")]
    [TestCase("", "\"\"")]
    [TestCase("sip:10.0.0.1", "\"sip:10.0.0.1\"")]
    [TestCase("- a", "\"- a\"")]
    [TestCase("a: b # c", "\"a: b # c\"")]
    [TestCase("say \"hi\"\\\n\t", "\"say \\\"hi\\\"\\\\\\n\\t\"")]
    [TestCase("\u001b[2J\u2028é", "\"\\u001b[2J\\u2028\\u00e9\"")]
    [TestCase("\U0001f600", "\"\\U0001f600\"")]
    [TestCase("ready", "ready")]
    public void What_could_be_taken_for_something_else_stands_in_quotes(string text, string yaml) =>
        Assert.That(YamlText.Of($"{{\"text\":{JsonSerializer.Serialize(text)}}}"), Is.EqualTo($"text: {yaml}\n"));
}
