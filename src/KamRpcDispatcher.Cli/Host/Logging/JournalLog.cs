using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>
/// A log whose events are entries of systemd's journal with a field for each value: <c>journalctl KAMRPC_EVENT=3030 KAMRPC_SET=1</c>. What the journal does not take
/// goes the way of lines on standard error.
/// </summary>
/// <param name="journal">Where entries go.</param>
/// <param name="lines">The other way, which also says what is logged at all.</param>
internal sealed class JournalLog(JournalSocket journal, ILoggerFactory lines) : ILoggerFactory
{
    private const string Prefix = "KAMRPC_";

    public ILogger CreateLogger(string categoryName) => new JournalLogger(categoryName, journal, lines.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => lines.AddProvider(provider);

    public void Dispose()
    {
        lines.Dispose();
        journal.Dispose();
    }

    /// <summary>A field's name in the journal: of a value called <c>DrainedFor</c>, <c>KAMRPC_DRAINED_FOR</c>.</summary>
    internal static string FieldName(string name)
    {
        var text = new StringBuilder(Prefix);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsAsciiLetterUpper(name[i]) && i > 0 && !char.IsAsciiLetterUpper(name[i - 1]))
            {
                text.Append('_');
            }

            text.Append(char.IsAsciiLetterOrDigit(name[i]) ? char.ToUpperInvariant(name[i]) : '_');
        }

        return text.ToString();
    }

    /// <summary>As syslog(3) numbers them.</summary>
    internal static int Priority(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => 7,
        LogLevel.Information => 6,
        LogLevel.Warning => 4,
        LogLevel.Error => 3,
        _ => 2,
    };

    private sealed class JournalLogger(string category, JournalSocket journal, ILogger lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => lines.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => lines.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel) && !journal.Send(Entry(logLevel, eventId, state, exception, formatter)))
            {
                lines.Log(logLevel, eventId, state, exception, formatter);
            }
        }

        private ReadOnlySpan<byte> Entry<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var entry = new ArrayBufferWriter<byte>();
            var message = string.Create(CultureInfo.InvariantCulture, $"{category}[{id.Id}] {formatter(state, exception)}");
            Field(entry, "MESSAGE", exception is null ? message : $"{message} {exception}");
            Field(entry, "PRIORITY", Priority(level).ToString(CultureInfo.InvariantCulture));
            Field(entry, "SYSLOG_IDENTIFIER", "kamrpc");
            Field(entry, Prefix + "EVENT", id.Id.ToString(CultureInfo.InvariantCulture));
            Field(entry, Prefix + "EVENT_NAME", id.Name ?? string.Empty);
            Field(entry, Prefix + "CATEGORY", category);
            foreach (var (name, value) in LogFields.Of(state))
            {
                Field(entry, FieldName(name), LogFields.Text(value));
            }

            return entry.WrittenSpan;
        }

        /// <summary>In the journal's own form: name, line end, length, value, line end, which lets a value hold line ends.</summary>
        private static void Field(ArrayBufferWriter<byte> entry, string name, string value)
        {
            entry.Write(Encoding.UTF8.GetBytes(name + '\n'));
            BinaryPrimitives.WriteInt64LittleEndian(entry.GetSpan(sizeof(long)), Encoding.UTF8.GetByteCount(value));
            entry.Advance(sizeof(long));
            entry.Write(Encoding.UTF8.GetBytes(value + '\n'));
        }
    }
}
