using System.Diagnostics.CodeAnalysis;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports;

/// <summary>
/// The directory in which sockets or FIFOs for replies are made, held by a descriptor: what is opened, changed and removed in it is so by name
/// below that descriptor, and only when it is what was made.
/// </summary>
/// <remarks>
/// A directory that others may write, /tmp above all, is where a root process is led to somebody else's files: by a symbolic link in place of
/// the directory or of a file in it, or by a directory that was made before ours.
/// </remarks>
internal sealed class ReplyDirectory : IDisposable
{
    private const UnixFileMode WriteByAll = UnixFileMode.OtherWrite;
    private const UnixFileMode WriteByOthers = UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <summary>Others may pass through to a socket whose name they know, but not list or write the directory.</summary>
    private const UnixFileMode Passable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly SafeFileHandle _directory;

    private ReplyDirectory(string path, SafeFileHandle directory) => (Path, _directory) = (path, directory);

    public string Path { get; }

    /// <param name="path">Where it is.</param>
    /// <param name="isMade">Whether it is made when missing, shut to others.</param>
    /// <exception cref="IOException">It is not there, or not to be trusted; the message says why and what to do.</exception>
    public static ReplyDirectory Open(string path, bool isMade)
    {
        path = System.IO.Path.TrimEndingDirectorySeparator(path);
        if (FileAt(path) is { } file)
        {
            throw new IOException($"the reply directory {path} cannot be made, since {file} is a file: name a directory");
        }

        var isNew = isMade && !Directory.Exists(path);
        if (isNew)
        {
            Make(path);
        }

        var directory = Posix.Open(path, Posix.PathOnly | Posix.DirectoryOnly | (IsTrustedLink(path) ? 0 : Posix.NoFollow) | Posix.CloseOnExec);
        try
        {
            if (directory.IsInvalid)
            {
                var message = Posix.LastMessage;
                throw new IOException(Posix.StatusAt(path) is { IsLink: true }
                    ? $"the reply directory {path} is a symbolic link, which is not followed: name the directory itself"
                    : $"the reply directory {path} cannot be opened: {message}");
            }

            if (Fault(directory) is { } fault)
            {
                throw new IOException($"the reply directory {path} {fault}");
            }

            if (isNew)
            {
                // The umask may have shut it to Kamailio.
                File.SetUnixFileMode($"/proc/self/fd/{directory.DangerousGetHandle()}", Passable);
            }

            return new ReplyDirectory(path, directory);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private static void Make(string path)
    {
        try
        {
            Directory.CreateDirectory(path, Passable);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the reply directory {path} is not there, and this user may not make it in {System.IO.Path.GetDirectoryName(path)}, or it cannot be made there: make it, or name another one", exception);
        }
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>Of what has the name, a symbolic link itself; null when there is nothing.</summary>
    public FileStatus? Status(string name) => Posix.StatusAt(_directory, name);

    public bool MakeFifo(string name, UnixFileMode mode) => Posix.MakeFifoAt(_directory, name, (int)mode) == 0;

    /// <summary>
    /// Lets Kamailio write to a file of ours: as root by making it Kamailio's; else by being the same user, or by its group, where this user is
    /// in that too.
    /// </summary>
    /// <returns>Whether it surely may, where its group is that of its socket or FIFO.</returns>
    /// <exception cref="IOException">Root could not give it away.</exception>
    public bool Give(string name, SafeFileHandle file, FileStatus kamailio)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return kamailio.User == Posix.EffectiveUser() || Posix.ChangeOwner(file, Posix.Unchanged, kamailio.Group) == 0;
        }

        return Posix.ChangeOwner(file, kamailio.User, kamailio.Group) == 0
            ? true
            : throw new IOException($"{System.IO.Path.Combine(Path, name)} cannot be given to user {kamailio.User}: {Posix.LastMessage}");
    }

    /// <summary>Never through a symbolic link.</summary>
    public SafeFileHandle OpenFile(string name, int flags) => Posix.OpenAt(_directory, name, flags | Posix.NoFollow | Posix.CloseOnExec);

    /// <summary>Removes what has the name, when it is that file still: somebody may have put another one in its place.</summary>
    public void Remove(string name, FileStatus file)
    {
        if (Status(name) is { } there && there.IsSameFile(file))
        {
            _ = Posix.UnlinkAt(_directory, name, 0);
        }
    }

    /// <summary>Removes what a killed process left: files of this user's, or given to Kamailio's, that are <paramref name="isLeft"/>.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Cleaning must not keep a connection from being made.")]
    public void RemoveLeft(string pattern, uint kamailioUser, Func<string, FileStatus, bool> isLeft)
    {
        try
        {
            var user = Posix.EffectiveUser();
            foreach (var name in Directory.EnumerateFileSystemEntries(Path, pattern).Select(System.IO.Path.GetFileName).OfType<string>())
            {
                if (Status(name) is { } file && (file.User == user || file.User == kamailioUser) && isLeft(name, file))
                {
                    Remove(name, file);
                }
            }
        }
        catch (Exception)
        {
            // Not ours to list, or gone meanwhile.
        }
    }

    /// <summary>A link that an administrator or systemd made, where nobody else can: as for a dynamic user's runtime directory that is kept.</summary>
    private static bool IsTrustedLink(string path) =>
        Posix.StatusAt(path) is { IsLink: true } link
        && Posix.StatusAt(System.IO.Path.GetDirectoryName(path)!) is { } parent
        && IsTrusted(link) && IsTrusted(parent) && (parent.Mode & WriteByOthers) == 0;

    private static bool IsTrusted(FileStatus file) => file.User == 0 || file.User == Posix.EffectiveUser();

    /// <summary>What on the way to a directory is none; null for nothing.</summary>
    internal static string? FileAt(string path)
    {
        for (var above = path; above is not null; above = System.IO.Path.GetDirectoryName(above))
        {
            if (File.Exists(above))
            {
                return above;
            }
        }

        return null;
    }

    /// <summary>What is wrong with the directory, and what to do; null for nothing.</summary>
    private static string? Fault(SafeFileHandle directory)
    {
        const string Other = "remove it, or choose another one";
        var user = Posix.EffectiveUser();
        if (Posix.StatusOf(directory) is not { } status || Posix.StatusAt(directory, "..") is not { } parent)
        {
            return $"may not be entered by this process's user {user}: choose one that is this user's, or let it enter";
        }

        var isBelowAll = (parent.Mode & WriteByAll) != 0;
        return isBelowAll && !IsTrusted(status) ? $"belongs to user {status.User}, not to this process's user {user}, in a place where everybody may make one: {Other}"
            : status.IsOpenToOthers(isBelowAll ? WriteByOthers : WriteByAll) ? $"may be written by others (its mode is {Convert.ToString((int)status.Mode, 8)}), who could put theirs in place of a reply: {Other}"
            : null;
    }
}
