using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>Replaces a file whole: through a crash or a lost power supply there is the old one or the new one, on disk when the call returns.</summary>
internal static class DurableFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the file, readable by its owner only, and its directory when that is missing; what fails leaves the old file as it is.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
        Replace(directory, Path.GetFileName(path), content, OwnerOnly, static _ => true);
    }

    /// <summary>Writes a file of a directory; what fails leaves the old one as it is.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">The file's name in it.</param>
    /// <param name="content">Its new content.</param>
    /// <param name="mode">Who may do what with it.</param>
    /// <param name="isReady">Told the new file before it takes the place of the old one; false to leave that.</param>
    /// <returns>Whether it was written.</returns>
    public static bool Replace(SafeDirectory directory, string name, ReadOnlySpan<byte> content, UnixFileMode mode, Predicate<SafeFileHandle> isReady)
    {
        RemoveLeftovers(directory, name);
        var temporary = $"{name}.{Guid.NewGuid():N}.tmp";
        try
        {
            // Locked until it has its name: one that nobody locks is a leftover. A shared lock: were it exclusive, whoever opens the
            // renamed file before it is closed here would be refused.
            using var file = directory.Create(temporary, OwnerOnly) ?? throw new IOException($"{temporary} is there already");
            LibC.TryLock(file, isShared: true);
            RandomAccess.Write(file, content, 0);
            if (mode != OwnerOnly)
            {
                File.SetUnixFileMode(file, mode);
            }

            RandomAccess.FlushToDisk(file);
            if (!isReady(file))
            {
                directory.TryDelete(temporary);
                return false;
            }

            directory.Rename(temporary, name);
        }
        catch
        {
            // What cannot be removed either is a leftover for the next write.
            directory.TryDelete(temporary);
            throw;
        }

        directory.Flush();
        return true;
    }

    /// <summary>Removes what processes that were killed while writing have left.</summary>
    private static void RemoveLeftovers(SafeDirectory directory, string name)
    {
        foreach (var leftover in Directory.GetFiles(directory.Path, name + ".*.tmp").Select(Path.GetFileName))
        {
            try
            {
                using var file = directory.Open(leftover!, isWritable: false);
                if (file is not null && LibC.TryLock(file))
                {
                    directory.TryDelete(leftover!);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is not ours to remove.
            }
        }
    }
}
