using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>Processes that do nothing but use the processor, for a bounded time: on a loaded machine others are held up where it hurts.</summary>
public sealed class BusyProcesses : IAsyncDisposable
{
    private readonly List<ServerProcess> _processes;

    public BusyProcesses(int count, TimeSpan longest)
    {
        string[] arguments = [longest.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture), "sh", "-c", "while :; do :; done"];
        _processes = [.. Enumerable.Range(0, count).Select(_ => ServerProcess.Start("timeout", arguments))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            await process.DisposeAsync().ConfigureAwait(false);
        }
    }
}
