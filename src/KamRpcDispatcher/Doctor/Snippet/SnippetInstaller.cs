using System.Text;
using KamRpcDispatcher.Linux;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>What became of a file.</summary>
public enum Installation
{
    /// <summary>It was not there.</summary>
    Written,

    /// <summary>It is there as it should be.</summary>
    Same,

    /// <summary>Another one was there, which is kept under another name.</summary>
    Replaced,

    /// <summary>Another one is there, which is the operator's to write.</summary>
    Kept,

    /// <summary>Another one is there, and was left.</summary>
    Refused,
}

/// <summary>A file that was to be installed.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Copy">The path of what was there before, where that was replaced.</param>
public sealed record InstalledFile(string Path, Installation Outcome, string? Copy);

/// <summary>
/// Puts the snippet and its list into a folder, which may be another user's: links in it are not followed, and each file is whole or not there. The
/// files belong to whom the folder belongs, who could replace them anyway, and everybody may read them, as with Kamailio's own config. They are not given to
/// Kamailio's user: a Kamailio that is started as root reads them as root.
/// </summary>
public sealed class SnippetInstaller(string folder)
{
    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>So many copies somebody has looked at by then.</summary>
    private const int MostCopies = 100;

    /// <param name="isForced">Whether a snippet that differs is replaced; a list never is, since it may name an operator's destinations.</param>
    /// <exception cref="IOException">It could not be done. What was replaced before is whole.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public IReadOnlyList<InstalledFile> Install(bool isForced)
    {
        using var directory = SafeDirectory.Open(folder);
        return
        [
            Install(directory, SnippetFiles.SnippetName, SnippetFiles.Snippet, isForced ? Installation.Replaced : Installation.Refused),
            Install(directory, SnippetFiles.ListName, SnippetFiles.List, Installation.Kept),
        ];
    }

    private InstalledFile Install(SafeDirectory directory, string name, string text, Installation otherwise)
    {
        var path = Path.Combine(folder, name);
        var content = Encoding.UTF8.GetBytes(text);
        if (directory.Status(name) is null)
        {
            Write(directory, name, content);
            return new InstalledFile(path, Installation.Written, null);
        }

        // A link is replaced, where that is asked for, and what it leads to is not.
        if (Holds(directory, name, content))
        {
            return new InstalledFile(path, Installation.Same, null);
        }

        if (otherwise != Installation.Replaced)
        {
            return new InstalledFile(path, otherwise, null);
        }

        var copy = Keep(directory, name);
        Write(directory, name, content);
        return new InstalledFile(path, otherwise, Path.Combine(folder, copy));
    }

    private static bool Holds(SafeDirectory directory, string name, byte[] content)
    {
        try
        {
            using var file = directory.Open(name, isWritable: false);
            var there = new byte[content.Length + 1];
            return file is not null && RandomAccess.Read(file, there, 0) == content.Length && there.AsSpan(0, content.Length).SequenceEqual(content);
        }
        catch (IOException)
        {
            // A link, a FIFO, somebody else's: another one in any case.
            return false;
        }
    }

    /// <summary>Gives what is there a second name, so that the first one is never without a file.</summary>
    private static string Keep(SafeDirectory directory, string name)
    {
        for (var number = 1; number <= MostCopies; number++)
        {
            var copy = number == 1 ? $"{name}.bak" : FormattableString.Invariant($"{name}.bak{number}");
            if (directory.TryLink(name, copy))
            {
                return copy;
            }
        }

        throw new IOException($"{directory.Path} has {MostCopies} copies of {name} already: remove some");
    }

    private static void Write(SafeDirectory directory, string name, byte[] content)
    {
        var temporary = $"{name}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (SafeFileHandle file = directory.Create(temporary, UnixFileMode.UserRead | UnixFileMode.UserWrite) ?? throw new IOException($"{temporary} is there already"))
            {
                RandomAccess.Write(file, content, 0);
                directory.GiveToOwner(file);

                // Whatever the umask.
                File.SetUnixFileMode(file, ReadableByAll);
                RandomAccess.FlushToDisk(file);
            }

            directory.Rename(temporary, name);
        }
        catch
        {
            directory.TryDelete(temporary);
            throw;
        }

        directory.Flush();
    }
}
