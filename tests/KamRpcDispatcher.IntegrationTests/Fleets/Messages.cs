using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.IntegrationTests.Fleets;

/// <summary>Keeps what was logged, as event id and text.</summary>
internal sealed class Messages<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(int Id, string Text)> _entries = [];

    public IReadOnlyList<string> Of(int id) => [.. _entries.Where(entry => entry.Id == id).Select(static entry => entry.Text)];

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((eventId.Id, formatter(state, exception)));

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;
}
