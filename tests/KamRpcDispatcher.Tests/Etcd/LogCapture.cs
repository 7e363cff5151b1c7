using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Keeps what was logged, as event id and text.</summary>
internal sealed class LogCapture<T> : ILogger<T>
{
    private readonly Milestones _milestones = new();
    private readonly List<(int Id, LogLevel Level, string Text)> _entries = [];

    /// <summary>Called on the thread that logs.</summary>
    public Action<int> OnEntry { get; set; } = static _ => { };

    public IReadOnlyList<string> Of(int id)
    {
        lock (_entries)
        {
            return [.. _entries.Where(entry => entry.Id == id).Select(static entry => entry.Text)];
        }
    }

    /// <summary>All of it, in its order.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries.Select(static entry => entry.Text)];
            }
        }
    }

    public IReadOnlyList<LogLevel> LevelsOf(int id)
    {
        lock (_entries)
        {
            return [.. _entries.Where(entry => entry.Id == id).Select(static entry => entry.Level)];
        }
    }

    public void Clear()
    {
        lock (_entries)
        {
            _entries.Clear();
        }
    }

    public Task WaitForAsync(int id, int count = 1) => _milestones.WaitUntilAsync(() => Of(id).Count >= count);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_entries)
        {
            _entries.Add((eventId.Id, logLevel, formatter(state, exception)));
        }

        _milestones.Passed();
        OnEntry(eventId.Id);
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;
}
