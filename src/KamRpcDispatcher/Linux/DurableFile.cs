
namespace KamRpcDispatcher.Linux;

/// <summary>Replaces a file whole: through a crash or a lost power supply there is the old one or the new one, on disk when the call returns.</summary>
internal static class DurableFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes the file, readable by its owner only, and its directory when that is missing; what fails leaves the old file as it is.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var name = Path.GetFileName(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
        RemoveLeftovers(directory, name);
        var temporary = $"{name}.{Guid.NewGuid():N}.tmp";
        try
        {
            // Locked until it has its name: one that nobody locks is a leftover. A shared lock: were it exclusive, whoever opens the
            // renamed file before it is closed here would be refused.
            using var file = directory.Create(temporary, OwnerOnly) ?? throw new IOException($"{temporary} is there already");
            LibC.TryLock(file, isShared: true);
            RandomAccess.Write(file, content, 0);
            RandomAccess.FlushToDisk(file);
            directory.Rename(temporary, name);
        }
        catch
        {
            // What cannot be removed either is a leftover for the next write.
            directory.TryDelete(temporary);
            throw;
        }

        directory.Flush();
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
