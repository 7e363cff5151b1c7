using System.Reflection;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

/// <summary>Every log event has one id, and stands in the reference with its level, its text and what to do.</summary>
public partial class LogEventsTests
{
    internal static readonly (MethodInfo Method, LoggerMessageAttribute Event)[] Events =
    [
        .. new[] { typeof(Backoff).Assembly, typeof(ExitCode).Assembly }
            .SelectMany(static assembly => assembly.GetTypes())
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(static method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(static pair => pair.Item2 is not null),
    ];

    [Test]
    public void An_id_is_one_events()
    {
        Assert.That(Events, Has.Length.GreaterThan(100));
        Assert.That(Events.GroupBy(static one => one.Event.EventId).Where(static group => group.Count() > 1).Select(static group => group.Key), Is.Empty);
    }

    [Test]
    public void No_message_shows_a_duration_as_a_machine_writes_it() => Assert.That(
        Events.Where(static one => one.Method.GetParameters().Any(static parameter => (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType) == typeof(TimeSpan)))
            .Select(static one => one.Event.EventId),
        Is.Empty,
        "take a DurationText");

    [Test]
    public void The_table_in_the_reference_has_every_event_as_it_is_and_no_other()
    {
        var reference = File.ReadAllText(Path.Combine(RealServers.RepositoryRoot, "src", "KamRpcDispatcher.Cli", "README.md"));
        var rows = Row().Matches(Section().Match(reference).Value).Select(static row => (Text: row.Groups["row"].Value, Todo: row.Groups["todo"].Value)).ToList();
        var wanted = Events.Select(static one => RowOf(one.Event)).ToList();

        Assert.That(wanted.Except(rows.Select(static row => row.Text)), Is.Empty, "rows that are missing in the table, or differ there; add to each what to do");
        Assert.That(rows.Select(static row => row.Text).Except(wanted), Is.Empty, "rows of events that are gone");
        Assert.That(rows.Where(static row => row.Todo.Trim().Length == 0).Select(static row => row.Text), Is.Empty, "rows that do not say what to do");
    }

    private static string RowOf(LoggerMessageAttribute one) =>
        FormattableString.Invariant($"| {one.EventId} | {(one.Level == LogLevel.None ? "by its cause" : one.Level.ToString().ToLowerInvariant())} | `{one.Message}` |");

    [GeneratedRegex(@"^## Log events\n(?:(?!^## ).*\n)*", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^(?<row>\| \d+ \| [^|]+ \| `[^`]*` \|)(?<todo>[^|\n]*)\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
