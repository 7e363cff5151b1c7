using System.Globalization;

namespace KamRpcDispatcher.Testing;

/// <summary>
/// A program in a container: read-only root, no right but its user's, mounts and (unless told otherwise) processes of its own, this machine's
/// network. tests/container/enter.sh makes it of what the kernel has, since not everywhere a container runtime can run.
/// </summary>
public sealed class Container : IAsyncDisposable
{
    private const string SearchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);

    private readonly ContainerOptions _options;
    private readonly ServerProcess _process;

    private Container(ContainerOptions options, ServerProcess process) => (_options, _process) = (options, process);

    /// <summary>The last lines of standard output and standard error.</summary>
    public string Output => _process.Output;

    /// <summary>The exit code of the program.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>Ends when all its processes have ended.</summary>
    public Task Gone => _process.Gone;

    public static Container Start(ContainerOptions options, params IReadOnlyList<string> command) => new(options, ServerProcess.Start(
        Path.Combine(RealServers.RepositoryRoot, "tests", "container", "enter.sh"),
        [
            options.Root, options.User, options.HasHostProcesses ? "host" : options.Beside?._process.Pid.ToString(CultureInfo.InvariantCulture) ?? "-",
            .. options.Volumes.Select(static volume => $"{volume.Folder}:{volume.Place}"), .. options.Temporary, "--", SearchPath, "HOME=/", .. options.Variables, .. command,
        ]));

    /// <summary>The program's id on this machine; null when it has ended.</summary>
    public int? Pid => _options.HasHostProcesses ? (Exited.IsCompleted ? null : _process.Pid) : Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(static name => char.IsAsciiDigit(name![0]))
        .Select(static name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(pid => Parent(pid) == _process.Pid).Cast<int?>().FirstOrDefault();

    /// <returns>The first line that contains the text.</returns>
    /// <exception cref="TimeoutException">No such line in time.</exception>
    /// <exception cref="InvalidOperationException">The program ended without one.</exception>
    public Task<string> WaitForLineAsync(string substring, TimeSpan timeout) => _process.WaitForLineAsync(substring, timeout);

    /// <summary>SIGKILL to all its processes, and, where it has processes of its own, to those of the containers beside it.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM to the program, as "docker stop" does; SIGKILL to all its processes when it is not through in time.</summary>
    public async Task StopAsync()
    {
        // Where the program is a child, who waits for it passes nothing on.
        if (Pid is { } pid)
        {
            _ = LibC.Kill(pid, UnixSignals.Terminate);
        }

        await Task.WhenAny(Gone, Task.Delay(StopTime)).ConfigureAwait(false);
        Kill();
        await Gone.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _process.DisposeAsync().ConfigureAwait(false);
    }

    private static int? Parent(int pid)
    {
        try
        {
            // "PID (name) S PPID ...": the name may hold spaces and parentheses.
            var status = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(status[(status.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            // It has just ended.
            return null;
        }
    }
}
