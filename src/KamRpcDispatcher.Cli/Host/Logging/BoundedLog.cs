using System.Globalization;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>
/// A log whose lines have a bound, whatever etcd, Kamailio, a SIP server or a file has said: journald, syslog and containers cut or split long ones, and
/// whoever may write a record must not fill a disk. Where a line is too long its values are shortened, and what it says to do stays.
/// </summary>
internal sealed partial class BoundedLog(ILoggerFactory inner) : ILoggerFactory
{
    /// <summary>Of a line, in characters; a stack has as many for itself. syslog takes 8 KB as a rule.</summary>
    internal const int Longest = 4000;

    public ILogger CreateLogger(string categoryName) => new BoundedLogger(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();

    /// <summary>The message, or the same with its values shortened.</summary>
    internal static string Bounded<TState>(TState state, string message)
    {
        if (message.Length <= Longest)
        {
            return message;
        }

        var values = state as IReadOnlyList<KeyValuePair<string, object?>> ?? [];
        var template = values.FirstOrDefault(static value => value.Key == LogFields.Template).Value as string;
        return Cut(template is null ? message : Placeholder().Replace(template, place =>
            SafeText.Shorten(Text(values.FirstOrDefault(value => value.Key == place.Groups["name"].Value).Value, place.Groups["format"].Value), LogFields.LongestText)));
    }

    private static string Text(object? value, string format) =>
        value is IFormattable formattable ? formattable.ToString(format.Length > 0 ? format : null, CultureInfo.InvariantCulture) : value?.ToString() ?? "(null)";

    private static string Cut(string text) => text.Length <= Longest ? text : SafeText.Shorten(text, Longest);

    [GeneratedRegex(@"\{(?<name>\w+)(?::(?<format>[^}]+))?\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();

    private sealed class BoundedLogger(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (inner.IsEnabled(logLevel))
            {
                var fields = new LogFields(state as IReadOnlyList<KeyValuePair<string, object?>> ?? []);
                inner.Log(logLevel, eventId, fields, Shortened(exception), (_, thrown) => Bounded(state, formatter(state, thrown)));
            }
        }

        /// <summary>An exception is written with its message and its stack.</summary>
        private static Exception? Shortened(Exception? exception) =>
            exception?.ToString() is { Length: > Longest } text ? new ShortenedException(text[..Longest] + "...") : exception;
    }

    /// <summary>The beginning of another one.</summary>
    private sealed class ShortenedException(string text) : Exception
    {
        public override string ToString() => text;
    }
}
