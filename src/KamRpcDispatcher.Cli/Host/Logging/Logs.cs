using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>How an event of the log is written.</summary>
internal enum LogFormat
{
    /// <summary>A line for people; to systemd's journal an entry with fields.</summary>
    Text,

    /// <summary>A line with one JSON object, wherever standard error leads.</summary>
    Json,
}

/// <summary>Logs go to stderr, one line each, a stack too; stdout is for answers. What goes to systemd's journal has a priority and fields, and no time of its own.</summary>
internal static class Logs
{
    public static ILoggerFactory Create(LogLevel least, LogFormat format = LogFormat.Text)
    {
        var isJournal = format == LogFormat.Text && SystemdJournal.IsStandardError();
        ConsoleFormatter formatter = format == LogFormat.Json ? new JsonLines() : new TextLines(isJournal);

        // Put together by hand: a container of services that finds the same parts takes as long as the rest of a start.
        var lines = new LoggerFactory([], new LoggerFilterOptions { MinLevel = least });
        lines.AddProvider(new ConsoleLoggerProvider(
            new FixedOptions(new ConsoleLoggerOptions
            {
                FormatterName = formatter.Name,
                LogToStandardErrorThreshold = LogLevel.Trace,

                // A reader of the log that has stopped reading must not stop what is logged.
                QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite,
            }),
            [formatter]));
        return new BoundedLog(isJournal ? new JournalLog(new JournalSocket(SystemdJournal.Socket), lines) : lines);
    }

    public static bool Parse(string text, out LogFormat value, [NotNullWhen(false)] out string? error)
    {
        value = text == "json" ? LogFormat.Json : LogFormat.Text;
        error = text is "text" or "json" ? null : $"'{text}' is neither text nor json";
        return error is null;
    }

    private sealed class FixedOptions(ConsoleLoggerOptions value) : IOptionsMonitor<ConsoleLoggerOptions>
    {
        public ConsoleLoggerOptions CurrentValue => value;

        public ConsoleLoggerOptions Get(string? name) => value;

        public IDisposable? OnChange(Action<ConsoleLoggerOptions, string?> listener) => null;
    }
}
