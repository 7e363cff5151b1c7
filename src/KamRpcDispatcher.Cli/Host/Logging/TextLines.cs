using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>
/// The log for people, an event a line, a stack too: the time (UTC), the level, the category with the event's id, the message. For the journal, which has a time of its own,
/// the level is its priority (sd-daemon(3)).
/// </summary>
/// <param name="isJournal">Whether the lines go to systemd's journal.</param>
internal sealed class TextLines(bool isJournal) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "kamrpc-text";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(isJournal
            ? string.Create(CultureInfo.InvariantCulture, $"<{JournalLog.Priority(logEntry.LogLevel)}>")
            : string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ} {Level(logEntry.LogLevel)}: "));
        textWriter.Write(string.Create(CultureInfo.InvariantCulture, $"{logEntry.Category}[{logEntry.EventId.Id}] {OneLine(logEntry.Formatter(logEntry.State, logEntry.Exception))}"));
        if (logEntry.Exception is { } exception)
        {
            textWriter.Write(' ');
            textWriter.Write(OneLine(exception.ToString()));
        }

        textWriter.WriteLine();
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}
