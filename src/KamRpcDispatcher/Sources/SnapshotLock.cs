using System.Globalization;
using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Sources;

/// <summary>
/// One daemon a saved membership: a locked file beside it. Two proxies of one user and one name, each with an etcd of its own, would else start from one
/// another's members. The lock ends with the process that holds it, however it ends, and the file with one that ends in order; a file that stays means nothing.
/// </summary>
/// <param name="snapshot">The file of the saved membership.</param>
/// <param name="logger">Where to log.</param>
internal sealed class SnapshotLock(string snapshot, ILogger logger) : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const int LongestHolder = 64;

    private SafeFileHandle? _file;
    private bool _isTold;

    public string FilePath => snapshot + ".lock";

    private string Name => Path.GetFileName(FilePath);

    /// <summary>
    /// Takes the lock, or makes sure that it is still held; false when another daemon has it. Where no file can be locked, the directory not made yet or
    /// not writable, nobody is kept from anything.
    /// </summary>
    public bool TryHold()
    {
        if (_file is not null && FileStatus.Of(_file) is { } held && FileStatus.Of(FilePath) is { } there && held.IsSameFile(there))
        {
            return true;
        }

        try
        {
            using var directory = SafeDirectory.Open(Path.GetDirectoryName(FilePath)!);
            var file = NamedLock.Take(directory, Name, () => directory.Open(Name, isWritable: true) ?? directory.Create(Name, OwnerOnly) ?? directory.Open(Name, isWritable: true), out var isTaken);
            if (file is null)
            {
                return true;
            }

            if (!isTaken)
            {
                using (file)
                {
                    TellHolder(file);
                }

                return false;
            }

            _file?.Dispose();
            _file = file;
            _isTold = false;
            RandomAccess.SetLength(file, 0);
            RandomAccess.Write(file, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"PID {Environment.ProcessId}")), 0);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        if (_file is { } held)
        {
            NamedLock.Release(FilePath, held);
            _file = null;
        }
    }

    private void TellHolder(SafeFileHandle file)
    {
        if (!_isTold)
        {
            Span<byte> holder = stackalloc byte[LongestHolder];
            var length = RandomAccess.Read(file, holder, 0);
            SnapshotLog.SnapshotInUse(logger, snapshot, length > 0 ? SafeText.Shorten(Encoding.Latin1.GetString(holder[..length])) : "it has not said who it is");
            _isTold = true;
        }
    }
}
