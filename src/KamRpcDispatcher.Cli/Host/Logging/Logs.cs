using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

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
        var lines = LoggerFactory.Create(builder => Format(builder.SetMinimumLevel(least), format, isJournal)
            .AddConsole(static options =>
            {
                options.LogToStandardErrorThreshold = LogLevel.Trace;

                // A reader of the log that has stopped reading must not stop what is logged.
                options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
            }));
        return new BoundedLog(isJournal ? new JournalLog(new JournalSocket(SystemdJournal.Socket), lines) : lines);
    }

    public static bool Parse(string text, out LogFormat value, [NotNullWhen(false)] out string? error)
    {
        value = text == "json" ? LogFormat.Json : LogFormat.Text;
        error = text is "text" or "json" ? null : $"'{text}' is neither text nor json";
        return error is null;
    }

    private static ILoggingBuilder Format(ILoggingBuilder builder, LogFormat format, bool isJournal)
    {
        if (format == LogFormat.Json)
        {
            builder.Services.AddSingleton<ConsoleFormatter, JsonLines>();
            builder.Services.Configure<ConsoleLoggerOptions>(static options => options.FormatterName = JsonLines.FormatterName);
            return builder;
        }

        return isJournal
            ? builder.AddSystemdConsole()
            : builder.AddSimpleConsole(static options =>
            {
                options.SingleLine = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.ColorBehavior = LoggerColorBehavior.Disabled;
            });
    }
}
