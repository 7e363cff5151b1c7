using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Host.Logging;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>No line of the log is long, whatever others have said.</summary>
public partial class BoundedLogTests
{
    private static readonly string Long = new('x', 1_000_000);

    /// <summary>Every event that takes a text, an exception among them.</summary>
    private static IEnumerable<TestCaseData> Events() => LogEventsTests.Events
        .Where(static one => one.Method.GetParameters().Any(static parameter => parameter.ParameterType == typeof(string)))
        .Select(static one => new TestCaseData(one.Method).SetArgDisplayNames(one.Event.EventId.ToString(CultureInfo.InvariantCulture)));

    [TestCaseSource(nameof(Events))]
    public void A_message_with_a_megabyte_in_each_text_is_short_and_says_the_rest(MethodInfo method)
    {
        var lines = new Lines();
        using var log = new BoundedLog(lines);

        method.Invoke(null, [.. method.GetParameters().Select(parameter => Argument(parameter, log))]);

        var template = method.GetCustomAttribute<LoggerMessageAttribute>()!.Message!;
        var (message, exception) = lines.Written.Single();
        Assert.That(message, Has.Length.LessThanOrEqualTo(BoundedLog.Longest + 3).And.Contains("xxx..."));
        Assert.That(Placeholder().Split(template).Where(part => !message.Contains(part, StringComparison.Ordinal)), Is.Empty, message);
        Assert.That(exception?.ToString().Length ?? 0, Is.LessThanOrEqualTo(BoundedLog.Longest + 3));
    }

    [Test]
    public void What_is_not_too_long_stays_as_it_is()
    {
        var lines = new Lines();
        using var log = new BoundedLog(lines);
        var failure = new InvalidOperationException("short");

        LoggerMessage.Define<string, int>(LogLevel.Error, 1, "{Text} and {Number:00}")(log.CreateLogger("x"), new string('y', 1000), 7, failure);

        Assert.That(lines.Written.Single(), Is.EqualTo(($"{new string('y', 1000)} and 07", (Exception?)failure)));
    }

    [Test]
    public void A_text_without_a_template_is_cut()
    {
        var lines = new Lines();
        using var log = new BoundedLog(lines);

        log.CreateLogger("x").Log(LogLevel.Error, default, Long, null, static (state, _) => state);

        Assert.That(lines.Written.Single().Message, Has.Length.EqualTo(BoundedLog.Longest + 3).And.EndsWith("..."));
    }

    private static object? Argument(ParameterInfo parameter, BoundedLog log) => parameter.ParameterType switch
    {
        var type when type == typeof(ILogger) => log.CreateLogger("x"),
        var type when type == typeof(LogLevel) => LogLevel.Error,
        var type when type == typeof(string) => Long,
        var type when typeof(Exception).IsAssignableFrom(type) => new InvalidOperationException(Long),
        var type when type.IsValueType => Activator.CreateInstance(type),
        _ => null,
    };

    [GeneratedRegex(@"\{\w+(?::[^}]+)?\}")]
    private static partial Regex Placeholder();

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public List<(string Message, Exception? Exception)> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Written.Add((formatter(state, exception), exception));
    }
}
