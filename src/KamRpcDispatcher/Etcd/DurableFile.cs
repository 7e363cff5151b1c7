using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Etcd;

/// <summary>Replaces a file whole: through a crash or a lost power supply there is the old one or the new one, on disk when the call returns.</summary>
internal static partial class DurableFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // O_RDONLY | O_CLOEXEC. Not O_DIRECTORY, whose number differs between x86-64 and arm64; a directory opens without it.
    private const int ReadOnly = 0x80000;

    /// <summary>Writes the file, readable by its owner only, and its directory when that is missing; what fails leaves the old file as it is.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        RemoveLeftovers(directory, Path.GetFileName(path));
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            // Open, and so locked (.NET calls flock), until it has its name: one that nobody locks is a leftover. A shared lock:
            // were it exclusive, whoever opens the renamed file before it is closed here would be refused.
            using var stream = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                BufferSize = 0,
                UnixCreateMode = OwnerOnly,
            });
            stream.Write(content);
            stream.Flush(flushToDisk: true);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            RemoveQuietly(temporary);
            throw;
        }

        FlushDirectory(directory);
    }

    /// <summary>Removes what processes that were killed while writing have left.</summary>
    private static void RemoveLeftovers(string directory, string name)
    {
        foreach (var leftover in Directory.GetFiles(directory, name + ".*.tmp"))
        {
            try
            {
                using var unlocked = new FileStream(leftover, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(leftover);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Another process is writing it, or it is not ours to remove.
            }
        }
    }

    private static void RemoveQuietly(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It would hide what made the write fail. The next write tries again.
        }
    }

    /// <summary>Makes a rename durable: it alone may be lost with the power. .NET flushes files, but opens no directory.</summary>
    private static void FlushDirectory(string directory)
    {
        using var handle = Open(directory, ReadOnly);
        if (handle.IsInvalid)
        {
            throw new IOException($"cannot open the directory {directory}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        RandomAccess.FlushToDisk(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
