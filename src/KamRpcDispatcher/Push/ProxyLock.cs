using System.Runtime.InteropServices;
using System.Text;
using KamailioRpc;
using KamRpcDispatcher.Destinations;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push;

/// <summary>
/// One daemon a Kamailio: a locked file beside Kamailio's socket, where every daemon that could reach it finds it. The lock ends with the
/// process that holds it, however it ends; the file that stays means nothing.
/// </summary>
/// <param name="path">The file, see <see cref="PathFor"/>.</param>
/// <param name="holder">What a second daemon is told of this one.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class ProxyLock(string path, string holder, ILogger<ProxyLock> logger) : IDisposable
{
    private const string Common = "/run/lock";
    private const int LongestHolder = 256;

    /// <summary>EWOULDBLOCK, flock's answer when another process has the lock.</summary>
    private const int WouldBlock = 11;

    private FileStream? _file;
    private bool _isUnlockable;

    public string Path => path;

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
        if (_file is not null && FileStatus.Of(_file.SafeFileHandle) is { } held && FileStatus.Of(Path) is { } there && held.IsSameFile(there))
        {
            return;
        }

        try
        {
            // FileShare.None is flock(LOCK_EX): another open fails while this process lives.
            var file = new FileStream(Path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
            });
            _file?.Dispose();
            _file = file;
            file.SetLength(0);
            file.Write(Encoding.UTF8.GetBytes(holder));
            file.Flush();
        }
        catch (DirectoryNotFoundException)
        {
            // No Kamailio yet: nothing to serve.
        }
        catch (UnauthorizedAccessException exception)
        {
            NotLockable(exception.Message);
        }
        catch (IOException exception) when (exception.HResult == WouldBlock)
        {
            throw new ProxyTakenException(ReadHolder(Path));
        }
        catch (IOException exception)
        {
            NotLockable(exception.Message);
        }
    }

    public void Dispose() => _file?.Dispose();

    private void NotLockable(string reason)
    {
        if (!_isUnlockable)
        {
            PushLog.NotLockable(logger, Path, reason);
            _isUnlockable = true;
        }
    }

    /// <summary>What the holder of a lock wrote into its file.</summary>
    internal static string ReadHolder(string path)
    {
        // FileStream would ask for a lock, and not get it.
        using var handle = Open(path, 0);
        if (handle.IsInvalid)
        {
            return $"whoever has {path} locked";
        }

        var buffer = new byte[LongestHolder];
        var length = RandomAccess.Read(handle, buffer, 0);
        return MemberRules.Shorten(Encoding.UTF8.GetString(buffer, 0, length), LongestHolder);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
