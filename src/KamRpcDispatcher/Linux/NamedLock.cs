using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>
/// Locks of files that go again: whoever lets a lock go takes the file's name away while he has it, and whoever took a lock checks whether the file still has its name. So of two
/// that have a lock of one name, one sees that his file is none any more.
/// </summary>
internal static class NamedLock
{
    /// <summary>How often a file may lose its name between its opening and its being locked.</summary>
    private const int Tries = 10;

    /// <summary>Opens a file and locks it.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="open">Opens it, or makes it; null when there is nothing to lock.</param>
    /// <param name="isTaken">Whether the lock is ours; else somebody else has that of the file that is answered.</param>
    /// <returns>The file; null when there is nothing to lock.</returns>
    /// <exception cref="IOException">It loses its name each time.</exception>
    public static SafeFileHandle? Take(SafeDirectory directory, string name, Func<SafeFileHandle?> open, out bool isTaken)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            isTaken = false;
            if (open() is not { } file)
            {
                return null;
            }

            try
            {
                isTaken = LibC.TryLock(file);
                if (!isTaken || Has(directory, name, file))
                {
                    return file;
                }
            }
            catch
            {
                file.Dispose();
                throw;
            }

            // Who held it until now has just taken its name away.
            file.Dispose();
        }

        throw new IOException($"{Path.Combine(directory.Path, name)} comes and goes");
    }

    /// <summary>Whether an open file still has the name.</summary>
    public static bool Has(SafeDirectory directory, string name, SafeFileHandle file) =>
        FileStatus.Of(file) is { } held && directory.Status(name) is { } there && held.IsSameFile(there);

    /// <summary>Lets a lock go, and its file with it. What cannot be removed stays, and means nothing.</summary>
    /// <param name="path">The file's path.</param>
    /// <param name="locked">The file, locked by <see cref="Take"/>.</param>
    public static void Release(string path, SafeFileHandle locked)
    {
        using (locked)
        {
            try
            {
                using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
                if (Has(directory, Path.GetFileName(path), locked))
                {
                    directory.TryDelete(Path.GetFileName(path));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The directory is gone, or shut.
            }
        }
    }
}
