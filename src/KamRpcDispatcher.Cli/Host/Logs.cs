using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>Logs go to stderr, one line each, a stack too; stdout is for answers. What goes to systemd's journal has a priority, and no time of its own.</summary>
internal static class Logs
{
    public static ILoggerFactory Create(LogLevel least) => new BoundedLog(LoggerFactory.Create(builder => Format(builder.SetMinimumLevel(least))
        .AddConsole(static options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;

            // A reader of the log that has stopped reading must not stop what is logged.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        })));

    private static ILoggingBuilder Format(ILoggingBuilder builder) => SystemdJournal.IsStandardError()
        ? builder.AddSystemdConsole()
        : builder.AddSimpleConsole(static options =>
        {
            options.SingleLine = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            options.ColorBehavior = LoggerColorBehavior.Disabled;
        });
}
