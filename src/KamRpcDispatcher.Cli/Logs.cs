using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KamRpcDispatcher.Cli;

/// <summary>Logs go to stderr, one line each; stdout is for answers.</summary>
internal static class Logs
{
    public static ILoggerFactory Create(LogLevel least) => LoggerFactory.Create(builder => builder
        .SetMinimumLevel(least)
        .AddSimpleConsole(static options =>
        {
            options.SingleLine = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            options.ColorBehavior = LoggerColorBehavior.Disabled;
        })
        .AddConsole(static options =>
        {
            options.LogToStandardErrorThreshold = LogLevel.Trace;

            // A reader of the log that has stopped reading must not stop what is logged.
            options.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        }));
}
