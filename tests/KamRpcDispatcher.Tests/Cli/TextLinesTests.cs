using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Host.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary><c>--log-format text</c>: a line for people, or for systemd's journal.</summary>
public partial class TextLinesTests
{
    [Test]
    public void An_event_is_one_line_with_its_time_level_category_and_id() =>
        Assert.That(Line(isJournal: false, LogLevel.Warning, "Set 7\nis drained\r\nby o"), Does.Match(Whole()));

    [TestCase(LogLevel.Trace, "trce", 7)]
    [TestCase(LogLevel.Debug, "dbug", 7)]
    [TestCase(LogLevel.Information, "info", 6)]
    [TestCase(LogLevel.Error, "fail", 3)]
    [TestCase(LogLevel.Critical, "crit", 2)]
    public void A_level_has_a_word_and_a_priority(LogLevel level, string word, int priority)
    {
        Assert.That(Line(isJournal: false, level, "x"), Does.EndWith($"Z {word}: a.B[3030] x\n"));
        Assert.That(Line(isJournal: true, level, "x"), Is.EqualTo($"<{priority}>a.B[3030] x\n"));
    }

    [Test]
    public void What_was_unexpected_has_its_stack_on_the_same_line()
    {
        var line = Line(isJournal: true, LogLevel.Error, "Unexpected", Thrown());

        Assert.That(line, Does.StartWith("<3>a.B[3030] Unexpected System.InvalidOperationException: unexpected    at ").And.Contain(nameof(Thrown)));
        Assert.That(line.TrimEnd('\n'), Does.Not.Contain('\n'));
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("unexpected");
        }
        catch (InvalidOperationException exception)
        {
            return exception;
        }
    }

    private static string Line(bool isJournal, LogLevel level, string message, Exception? exception = null)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        new TextLines(isJournal).Write(new LogEntry<string>(level, "a.B", new EventId(3030, "Drained"), message, exception, static (state, _) => state), null, writer);
        return writer.ToString();
    }

    [GeneratedRegex(@"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn: a\.B\[3030\] Set 7 is drained by o\n\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}
