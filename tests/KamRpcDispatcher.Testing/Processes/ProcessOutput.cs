namespace KamRpcDispatcher.Testing;

/// <summary>The last lines of a program, each with those who wait for it. Thread-safe.</summary>
internal sealed class ProcessOutput(string? file)
{
    private const int Capacity = 20_000;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly ChangeSignal _changed = new();

    public string Text => string.Join('\n', Lines());

    public string? Find(string part) => Array.Find(Lines(), line => line.Contains(part, StringComparison.Ordinal));

    public Task WaitUntilAsync(Func<bool> condition, TimeSpan timeout, Func<string> describe) =>
        _changed.WaitUntilAsync(condition, timeout, describe);

    /// <summary>Wakes the waiting ones without a line: the program has ended.</summary>
    public void End() => _changed.Raise();

    /// <summary>Reads to the end, which comes when every process that writes there has ended.</summary>
    public async Task PumpAsync(StreamReader reader, Action<string>? onLine)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_gate)
            {
                _lines.Enqueue(line);
                if (_lines.Count > Capacity)
                {
                    _lines.Dequeue();
                }

                if (file is not null)
                {
                    File.AppendAllText(file, line + '\n');
                }
            }

            onLine?.Invoke(line);
            _changed.Raise();
        }
    }

    private string[] Lines()
    {
        lock (_gate)
        {
            return [.. _lines];
        }
    }
}
