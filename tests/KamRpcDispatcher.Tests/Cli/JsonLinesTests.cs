using System.Text.Json;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Host.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>--log-format json</c>: an object a line.</summary>
public partial class JsonLinesTests
{
    private static readonly KeyValuePair<string, object?>[] Values =
    [
        new("Set", 7), new("Count", 12L), new("IsHeld", true), new("DrainedBy", "o\"p\ns\u001b[31m"), new("Nobody", null), new("Share", 12.5), new("{OriginalFormat}", "Set {Set}"),
    ];

    [Test]
    public void An_event_is_one_line_with_its_values()
    {
        var line = Line(Values, "Set 7\nis drained", null);

        using var json = JsonDocument.Parse(line);
        Assert.That(line.TrimEnd('\n'), Does.Not.Contain("\n").And.Not.Contains("\u001b"));
        Assert.That(json.RootElement.GetProperty("time").GetString(), Does.Match(Utc()));
        Assert.That(json.RootElement.EnumerateObject().Skip(1).Select(static property => $"{property.Name}={property.Value}"), Is.EqualTo(new[]
        {
            "level=warning", "event=3030", "name=Drained", "category=x", "message=Set 7\nis drained",
            $"fields={json.RootElement.GetProperty("fields")}",
        }));
        Assert.That(json.RootElement.GetProperty("fields").EnumerateObject().Select(static property => $"{property.Name}={property.Value.GetRawText()}"), Has.Member("set=7")
            .And.Member("count=12").And.Member("isHeld=true").And.Member("nobody=null").And.Member("share=12.5").And.Exactly(6).Items);
    }

    [Test]
    public void What_was_unexpected_has_its_stack()
    {
        using var json = JsonDocument.Parse(Line(Values, "x", new InvalidOperationException("unexpected")));

        Assert.That(json.RootElement.GetProperty("exception").GetString(), Does.Contain("InvalidOperationException: unexpected"));
    }

    /// <summary>As the log hands them on, whatever etcd has said.</summary>
    [Test]
    public void A_value_is_short()
    {
        var fields = new LogFields([new("Text", new string('x', 100_000)), new("Number", 7)]);

        Assert.That(((string)fields[0].Value!).Length, Is.LessThanOrEqualTo(LogFields.LongestText + 3));
        Assert.That(fields[1].Value, Is.EqualTo(7));
    }

    [TestCase("text", LogFormat.Text)]
    [TestCase("json", LogFormat.Json)]
    public void A_format_has_a_name(string text, object format) => Assert.That(Logs.Parse(text, out var value, out _) ? value : (object?)null, Is.EqualTo(format));

    [Test]
    public void Another_name_is_refused_with_those_that_there_are()
    {
        Assert.That(Logs.Parse("xml", out _, out var error), Is.False);
        Assert.That(error, Is.EqualTo("'xml' is neither text nor json"));
    }

    private static string Line(KeyValuePair<string, object?>[] values, string message, Exception? exception)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new JsonLines().Write(new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Warning, "x", new EventId(3030, "Drained"), values, exception, (_, _) => message), null, writer);
        return writer.ToString();
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    private static partial Regex Utc();
}
