using System.Text;
using KamRpcDispatcher.Linux;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Push.Boot;

/// <summary>
/// The list that Kamailio loads, on disk. It is replaced whole, so that Kamailio reads the old one or the new one, and keeps owner and mode. Where an operator has written
/// it between its reading and that, it is read again.
/// </summary>
/// <param name="path">Where it is: absolute, in a directory that is there.</param>
/// <param name="timeProvider">The clock by which files are dated.</param>
internal sealed class BootListFile(string path, TimeProvider timeProvider)
{
    /// <summary>A hundred thousand lines have a tenth of it.</summary>
    private const int MostBytes = 256 * 1024 * 1024;

    private const int Tries = 5;

    /// <summary>So long a file that somebody else writes is left to him: he may not be at its end.</summary>
    public static TimeSpan Quiet { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Of a new one: its owner's, and readable by the directory's group, in which Kamailio is.</summary>
    private const UnixFileMode NewMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private Stamp? _written;

    public string FilePath => path;

    private string Name => Path.GetFileName(path);

    /// <summary>Whether the file is the one that was written last, or read as what was to be written.</summary>
    public bool IsAsWritten => _written is { } written && Stamp.Of(path) is { } now && written == now;

    /// <summary>What stands in it; empty where there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public string Read()
    {
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
        using var file = Open(directory);
        return file is null ? string.Empty : Read(file);
    }

    /// <summary>Makes what a text becomes the file's content, unless it is that already.</summary>
    /// <returns>Whether it was written.</returns>
    /// <exception cref="FileInUseException">Somebody else has written it a moment ago: later.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public bool Write(Func<string, string> become)
    {
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path)!);
        for (var tries = 0; tries < Tries; tries++)
        {
            using var file = Open(directory);
            var before = file is null ? null : Stamp.Of(file);
            var text = file is null ? string.Empty : Read(file);
            var next = become(text);
            if (file is not null && next == text)
            {
                _written = before;
                return false;
            }

            if (before is { } theirs && theirs != _written && (timeProvider.GetUtcNow().UtcDateTime - theirs.Written).Duration() < Quiet)
            {
                break;
            }

            Stamp? made = null;
            var status = file is null ? (FileStatus?)null : FileStatus.Of(file);
            if (DurableFile.Replace(directory, Name, Encoding.Latin1.GetBytes(next), status?.Mode ?? NewMode, written =>
            {
                GiveAway(directory, written, status);
                made = Stamp.Of(written);
                return Stamp.Of(path) == before;
            }))
            {
                _written = made;
                return true;
            }
        }

        throw new FileInUseException($"somebody else keeps on writing {path}");
    }

    /// <summary>A file of whoever's: what he may write there Kamailio believes already.</summary>
    private SafeFileHandle? Open(SafeDirectory directory) => directory.Open(Name, isWritable: false, directory.Status(Name)?.User ?? 0);

    private string Read(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var content = new byte[length <= MostBytes ? length : throw new IOException($"{path} has {length} bytes, more than {MostBytes}")];
        var read = 0;
        while (RandomAccess.Read(file, content.AsSpan(read), read) is var more and > 0)
        {
            read += more;
        }

        return Encoding.Latin1.GetString(content, 0, read);
    }

    /// <summary>It stays whose it was. A new one is the directory's owner's, or its group's at least; where this user may not even do that, everybody may read it: Kamailio does not start without.</summary>
    /// <exception cref="UnauthorizedAccessException">Whoever could read it could not any more.</exception>
    private void GiveAway(SafeDirectory directory, SafeFileHandle file, FileStatus? before)
    {
        if (before is not { } status)
        {
            directory.GiveToOwner(file);
            if (!directory.GiveToGroup(file))
            {
                File.SetUnixFileMode(file, NewMode | UnixFileMode.OtherRead);
            }

            return;
        }

        if (FileStatus.Of(file) is { } made && (made.User, made.Group) != (status.User, status.Group) && LibC.ChangeOwner(file, status.User, status.Group) != 0
            && LibC.ChangeOwner(file, uint.MaxValue, status.Group) != 0 && (status.Mode & UnixFileMode.OtherRead) == 0)
        {
            throw new UnauthorizedAccessException($"it is UID {status.User}'s and group {status.Group}'s, and this user cannot make one that they can read (chgrp it to a group that both are in, or chmod o+r {path})");
        }
    }

    /// <summary>Which content a file has, as far as can be told without reading it.</summary>
    private readonly record struct Stamp(ulong Inode, ulong Length, DateTime Written)
    {
        public static Stamp? Of(SafeFileHandle file) => FileStatus.Of(file) is { } status ? new Stamp(status.Inode, status.Length, File.GetLastWriteTimeUtc(file)) : null;

        public static Stamp? Of(string path) => FileStatus.OfLink(path) is { } status ? new Stamp(status.Inode, status.Length, File.GetLastWriteTimeUtc(path)) : null;
    }
}

/// <summary>Somebody else writes a file.</summary>
internal sealed class FileInUseException(string message) : IOException(message);
