using System.Diagnostics;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A program with all the processes that it forks, in a process group of their own. None of them survives the dispose, nor the
/// end of the test run, however that ends.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastLinesTime = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan KillTime = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ProcessOutput _output;
    private readonly Reaper _reaper;
    private volatile bool _ended;
    private bool _disposed;

    private ServerProcess(string program, ProcessStartInfo start, string? logFile, Action<string>? onLine)
    {
        Program = program;
        _process = Process.Start(start)!;
        _reaper = new Reaper(_process.Id);
        _output = new ProcessOutput(logFile);
        Pid = _process.Id;
        var read = Task.WhenAll(_output.PumpAsync(_process.StandardOutput, onLine), _output.PumpAsync(_process.StandardError, onLine));
        Exited = ExitAsync(read);
        Gone = FinishAsync(read);
    }

    public string Program { get; }

    /// <summary>The first process, which is also the id of the group.</summary>
    public int Pid { get; }

    /// <summary>The exit code of the first process, when its last lines are there.</summary>
    public Task<int> Exited { get; }

    /// <summary>Completes when every process of the program has ended (closed its output, to be exact).</summary>
    public Task Gone { get; }

    /// <summary>The last lines of standard output and standard error, as they came.</summary>
    public string Output => _output.Text;

    /// <param name="program">Found on PATH.</param>
    /// <param name="arguments">Passed as they are; no shell is involved.</param>
    /// <param name="logFile">Gets all of the output; <see cref="Output"/> keeps the last lines only.</param>
    /// <param name="onLine">Called for each line of output, from two threads.</param>
    public static ServerProcess Start(
        string program, IEnumerable<string> arguments, string? logFile = null, Action<string>? onLine = null)
    {
        // env(1) becomes setsid(1) becomes the program, with the same process id. A shell without job control starts what runs in its
        // background with SIGINT ignored, nohup(1) starts it with SIGHUP ignored, and that is inherited by all that follow.
        var start = new ProcessStartInfo("env", ["--default-signal=HUP,INT,QUIT", "setsid", RealServers.Find(program), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new ServerProcess(program, start, logFile, onLine);
    }

    /// <returns>The first line, of those before the call too, that contains the text.</returns>
    /// <exception cref="TimeoutException">No such line in time.</exception>
    /// <exception cref="InvalidOperationException">The program ended without one.</exception>
    public async Task<string> WaitForLineAsync(string substring, TimeSpan timeout)
    {
        string? line = null;
        await _output.WaitUntilAsync(
            () => (line = _output.Find(substring)) is not null || _ended,
            timeout,
            () => $"{Program} did not say \"{substring}\":\n{Output}").ConfigureAwait(false);
        return line ?? throw new InvalidOperationException($"{Program} ended without saying \"{substring}\":\n{Output}");
    }

    /// <summary>How many lines with a text were written.</summary>
    public int CountLines(string substring) => Output.Split('\n').Count(line => line.Contains(substring, StringComparison.Ordinal));

    /// <summary>Waits until so many lines with a text were written: what a program has done it may say a moment later.</summary>
    public Task WaitForLinesAsync(string substring, int count, TimeSpan timeout) => _output.WaitUntilAsync(
        () => CountLines(substring) >= count || _ended,
        timeout,
        () => $"{Program} did not say \"{substring}\" {count} times:\n{Output}");

    /// <summary>Sends a signal to the first process.</summary>
    public void Signal(int signal)
    {
        if (!Exited.IsCompleted)
        {
            _ = LibC.Kill(Pid, signal);
        }
    }

    /// <summary>Sends a signal to all processes of the program.</summary>
    public void SignalAll(int signal)
    {
        if (!Gone.IsCompleted)
        {
            // The first process by its own id too: it may be about to make its group.
            _ = LibC.Kill(-Pid, signal);
            Signal(signal);
        }
    }

    /// <summary>SIGSTOP to all processes.</summary>
    public void Pause() => SignalAll(UnixSignals.Stop);

    /// <summary>SIGCONT to all processes.</summary>
    public void Resume() => SignalAll(UnixSignals.Continue);

    /// <summary>SIGKILL to all processes. Killing the first one alone would leave Kamailio's children alive, and serving.</summary>
    public void Kill() => SignalAll(UnixSignals.Kill);

    /// <summary>SIGTERM to the first process; when it is not through in time, SIGKILL to all.</summary>
    /// <param name="patience">How long it may take.</param>
    /// <param name="again">
    /// After how long the signal is sent again, to all processes, and again; null for never. Kamailio loses one that comes right after its start
    /// (1 to 5 % in tight loops), and to some programs a second one means something else.
    /// </param>
    public async Task StopAsync(TimeSpan patience, TimeSpan? again = null)
    {
        Signal(UnixSignals.Terminate);
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < patience;)
        {
            try
            {
                await Gone.WaitAsync(again ?? patience).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException)
            {
                // Lost by the first process or by one that it forked, or not through yet.
                SignalAll(UnixSignals.Terminate);
            }
        }

        Kill();
        await Gone.WaitAsync(KillTime).ConfigureAwait(false);
    }

    /// <summary>Asks first: a main process that is killed leaves its children to whoever has process id 1, and in a container that may be nobody.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Resume();
        await StopAsync(StopTime).ConfigureAwait(false);
        _reaper.Dispose();
        _process.Dispose();
    }

    private async Task<int> ExitAsync(Task read)
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);

        // Those that it forked may keep its output open.
        await Task.WhenAny(read, Task.Delay(LastLinesTime)).ConfigureAwait(false);
        return _process.ExitCode;
    }

    private async Task FinishAsync(Task read)
    {
        await Task.WhenAll(Exited, read).ConfigureAwait(false);
        _ended = true;
        _output.End();
    }
}
