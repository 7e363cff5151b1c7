using System.Text;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Linux;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Claim;

/// <summary>A file that is there to be locked, and says who has it locked.</summary>
internal static class LockFile
{
    /// <summary>More is in no lock file of ours, in bytes.</summary>
    private const int LongestHolder = 512;

    /// <summary>How often somebody may make or remove the file between two tries of ours.</summary>
    private const int Tries = 10;

    /// <summary>
    /// Opens the file, or makes it; never both in one call, which <c>fs.protected_regular</c> forbids for another user's file. Writable where
    /// this user may write it: a lock takes no more than reading. Nothing in it is changed.
    /// </summary>
    /// <exception cref="IOException">It is not such a file, or cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public static SafeFileHandle Open(SafeDirectory directory, string name, UnixFileMode mode, params ReadOnlySpan<uint> owners)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            if (OpenThere(directory, name, owners) is { } there)
            {
                return FileStatus.Of(there) is { Length: <= LongestHolder } ? there : throw NotOurs(directory, name, there);
            }

            if (directory.Create(name, mode) is { } made)
            {
                // The umask may have taken something away.
                File.SetUnixFileMode(made, mode);
                return made;
            }
        }

        throw new IOException($"{Path.Combine(directory.Path, name)} comes and goes");
    }

    /// <summary>Says who has it locked; only once that is so.</summary>
    public static void WriteHolder(SafeFileHandle locked, string holder)
    {
        try
        {
            RandomAccess.SetLength(locked, 0);
            RandomAccess.Write(locked, Encoding.UTF8.GetBytes(SafeText.Shorten(holder, LongestHolder - "...".Length)), 0);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            // Open for reading only, or the disk is full: it is locked nevertheless.
        }
    }

    /// <summary>Null when there is nothing to read.</summary>
    public static string? ReadHolder(SafeFileHandle file)
    {
        var buffer = new byte[LongestHolder];
        var length = RandomAccess.Read(file, buffer, 0);
        return length == 0 ? null : SafeText.Shorten(Encoding.UTF8.GetString(buffer, 0, length), LongestHolder);
    }

    private static SafeFileHandle? OpenThere(SafeDirectory directory, string name, ReadOnlySpan<uint> owners)
    {
        try
        {
            return directory.Open(name, isWritable: true, owners);
        }
        catch (UnauthorizedAccessException)
        {
            return directory.Open(name, isWritable: false, owners);
        }
    }

    private static IOException NotOurs(SafeDirectory directory, string name, SafeFileHandle file)
    {
        file.Dispose();
        return new IOException($"{Path.Combine(directory.Path, name)} holds more than a lock file does: not used");
    }
}
