using KamailioRpc.Commands;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Claim;

/// <summary>
/// A locked file named after Kamailio's main process, where its processes are on this machine: the same for whatever address leads there,
/// and for all users. The lock ends with the process that holds it.
/// </summary>
/// <param name="listProcesses">Asks Kamailio for its processes.</param>
/// <param name="identify">Says why these are not Kamailio's processes here, null when they are.</param>
/// <param name="holder">What a second daemon is told of this one.</param>
/// <param name="directory">Where all users may make files.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logger">Where to log.</param>
/// <remarks>
/// Any user may make files there, and may lock one that he can read. So a file is used only if it belongs to root, this user, or Kamailio's;
/// and who holds the lock is believed only if he is one of these.
/// </remarks>
internal sealed class IdentityLock(
    Func<CancellationToken, Task<IReadOnlyList<KamailioProcess>>> listProcesses,
    Func<IReadOnlyList<KamailioProcess>, string?> identify,
    string holder,
    string directory,
    TimeProvider timeProvider,
    ILogger logger) : IDisposable
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string NameEnd = ".lock";

    /// <summary>Until Kamailio is asked again for processes that were not here, or not all there yet.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private static readonly string NamePrefix = $"kamrpc-{Machine.PidNamespace}-";

    private SafeFileHandle? _file;
    private string _name = string.Empty;
    private int _pid;
    private string? _started;
    private long? _asked;
    private string? _told;

    /// <summary>Where every user of this machine may make files: two that take different ones would not see each other.</summary>
    public static string CommonDirectory => FileStatus.Of("/run/lock") is { } status && status.Mode.HasFlag(UnixFileMode.OtherWrite) ? "/run/lock" : "/dev/shm";

    /// <summary>The file that is locked now; null when none is.</summary>
    public string? Path => _file is null ? null : System.IO.Path.Combine(directory, _name);

    /// <summary>Kamailio's main process and its start, <c>PID-START</c>; null where they were not seen.</summary>
    public string? Process => _started is { } started ? ProcessInstance.Format(_pid, started) : null;

    /// <exception cref="ProxyTakenException">Another daemon on this machine serves this Kamailio.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (_file is not null && ProcessInstance.StartOf(_pid) == _started)
        {
            Lock();
            return;
        }

        if (_file is null && _asked is { } asked && timeProvider.GetElapsedTime(asked) < Pause)
        {
            return;
        }

        Release();
        _asked = timeProvider.GetTimestamp();
        var processes = await listProcesses(cancellationToken).ConfigureAwait(false);
        if (identify(processes) is null && processes.FirstOrDefault(static process => process.IsMain) is { } main && ProcessInstance.StartOf(main.Pid) is { } started)
        {
            (_pid, _started, _name) = (main.Pid, started, $"{NamePrefix}{ProcessInstance.Format(main.Pid, started)}{NameEnd}");
            Lock();
        }
    }

    public void Dispose() => Release();

    private void Lock()
    {
        try
        {
            using var place = SafeDirectory.Open(directory);
            if (_file is not null && NamedLock.Has(place, _name, _file))
            {
                return;
            }

            _file?.Dispose();
            _file = null;
            var owner = FileStatus.Of($"/proc/{_pid}")?.User ?? 0;
            var file = NamedLock.Take(place, _name, () => LockFile.Open(place, _name, ForAll, owner), out var isTaken)!;
            if (isTaken)
            {
                _file = file;
                LockFile.WriteHolder(file, holder);
                RemoveLeft(place);
                return;
            }

            using (file)
            {
                CheckHolder(place, file, owner);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Tell(() => ClaimLog.NotLockable(logger, System.IO.Path.Combine(directory, _name), exception.Message));
        }
    }

    /// <summary>Who has the lock: another daemon, or some user who wants to keep this one from its work.</summary>
    private void CheckHolder(SafeDirectory place, SafeFileHandle file, uint owner)
    {
        var path = System.IO.Path.Combine(place.Path, _name);
        var pid = FileStatus.Of(file) is { } status ? FileLocks.Holder(status) : null;
        if (pid is { } other && FileStatus.Of($"/proc/{other}")?.User is { } user && user != 0 && user != owner && user != LibC.EffectiveUser())
        {
            Tell(() => ClaimLog.StrangeHolder(logger, path, other, user));
            return;
        }

        // The text is the last one's who could write it.
        var text = LockFile.ReadHolder(file);
        throw new ProxyTakenException(text is not null && (pid is null || text.Contains($"(PID {pid})", StringComparison.Ordinal)) ? text
            : pid is { } known ? $"the process with PID {known}, which has {path} locked"
            : $"whoever has {path} locked");
    }

    private void Tell(Action log)
    {
        if (_told != _name)
        {
            log();
            _told = _name;
        }
    }

    /// <summary>Takes away what daemons that were killed have left: files named after a Kamailio of this PID namespace that has surely ended.</summary>
    private static void RemoveLeft(SafeDirectory place)
    {
        foreach (var name in Directory.EnumerateFiles(place.Path, $"{NamePrefix}*{NameEnd}").Select(System.IO.Path.GetFileName).OfType<string>())
        {
            try
            {
                if (ProcessInstance.Lives(name[NamePrefix.Length..^NameEnd.Length]) == false && NamedLock.Take(place, name, () => place.Open(name, isWritable: false), out var isTaken) is { } left)
                {
                    using (left)
                    {
                        _ = isTaken && place.TryDelete(name);
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is not ours to remove.
            }
        }
    }

    private void Release()
    {
        if (_file is { } held)
        {
            NamedLock.Release(System.IO.Path.Combine(directory, _name), held);
            _file = null;
        }
    }
}
