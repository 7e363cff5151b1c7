using KamailioRpc;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Claim;

/// <summary>
/// One daemon a Kamailio: a locked file beside Kamailio's socket, where every daemon that could reach it finds it. The lock ends with the
/// process that holds it, however it ends, and the file with a process that ends in order; one that stays means nothing.
/// </summary>
/// <param name="path">The file, see <see cref="PathFor"/>.</param>
/// <param name="holder">What a second daemon is told of this one.</param>
/// <param name="logger">Where to log.</param>
/// <param name="guarded">The socket that it stands beside; null where there is none. While that is not there either, no file is made: a wrong path leaves none behind.</param>
/// <remarks>The directory is Kamailio's user's, who is less than root: no link is followed, and nothing but such a file is ever written.</remarks>
internal sealed class ProxyLock(string path, string holder, ILogger<ProxyLock> logger, string? guarded = null) : IDisposable
{
    private const string Common = "/run/lock";

    private SafeFileHandle? _file;
    private bool _isUnlockable;

    public string Path => path;

    private string Name => System.IO.Path.GetFileName(path);

    private string DirectoryPath => System.IO.Path.GetDirectoryName(path)!;

    /// <summary>The file that daemons for one Kamailio lock: beside its socket, so that it is the same in whatever container; for what is reached over IP one of this machine.</summary>
    public static string PathFor(KamailioAddress address) => address.Path is { } socket
        ? socket + ".kamrpc-lock"
        : System.IO.Path.Combine(Directory.Exists(Common) ? Common : System.IO.Path.GetTempPath(), $"kamrpc-{address.Host!.Replace(':', '.')}-{address.Port}.lock");

    /// <summary>
    /// Takes the lock, or makes sure that it is still held: the directory of the socket goes when Kamailio's unit stops, and the file with it.
    /// </summary>
    /// <exception cref="ProxyTakenException">Another daemon holds it.</exception>
    public void Ensure()
    {
        if (_file is not null && FileStatus.Of(_file) is { } held && FileStatus.Of(Path) is { } there && held.IsSameFile(there))
        {
            return;
        }

        if (guarded is not null && FileStatus.OfLink(guarded) is null && FileStatus.OfLink(Path) is null)
        {
            // No Kamailio yet: nothing to serve.
            return;
        }

        try
        {
            using var directory = SafeDirectory.Open(DirectoryPath);
            var file = NamedLock.Take(directory, Name, () => LockFile.Open(directory, Name, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead), out var isTaken)!;
            if (!isTaken)
            {
                using (file)
                {
                    throw new ProxyTakenException(LockFile.ReadHolder(file) ?? $"whoever has {path} locked");
                }
            }

            _file?.Dispose();
            _file = file;
            LockFile.WriteHolder(file, holder);
        }
        catch (DirectoryNotFoundException)
        {
            // Nor is its directory there.
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            NotLockable(exception.Message);
        }
    }

    public void Dispose()
    {
        if (_file is { } held)
        {
            NamedLock.Release(Path, held);
            _file = null;
        }
    }

    /// <summary>What the holder of a lock wrote into its file, null when that cannot be read.</summary>
    internal static string? ReadHolder(string path)
    {
        try
        {
            using var directory = SafeDirectory.Open(System.IO.Path.GetDirectoryName(path)!);
            using var file = directory.Open(System.IO.Path.GetFileName(path), isWritable: false);
            return file is null ? null : LockFile.ReadHolder(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void NotLockable(string reason)
    {
        if (!_isUnlockable)
        {
            ClaimLog.NotLockableByAddress(logger, Path, reason);
            _isUnlockable = true;
        }
    }
}
