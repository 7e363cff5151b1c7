using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>
/// A directory that may be another user's, opened once: what becomes of its path meanwhile leads nowhere else. Files in it are opened
/// without following links, and only when they are what they should be.
/// </summary>
internal sealed class SafeDirectory : IDisposable
{
    private const int Common = LibC.CloseOnExec | LibC.NonBlocking;

    private const UnixFileMode WriteByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private readonly SafeFileHandle _handle;
    private readonly uint _owner;
    private readonly uint _group;
    private readonly UnixFileMode _mode;

    private SafeDirectory(string path, SafeFileHandle handle, FileStatus? status) =>
        (Path, _handle, _owner, _group, _mode) = (path, handle, status?.User ?? 0, status?.Group ?? 0, status?.Mode ?? UnixFileMode.None);

    public string Path { get; }

    /// <exception cref="DirectoryNotFoundException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be entered.</exception>
    /// <exception cref="IOException">It is a link that another user may have put there, or no directory.</exception>
    public static SafeDirectory Open(string path)
    {
        const int Flags = LibC.ReadOnly | LibC.CloseOnExec;
        var handle = LibC.Open(path, Flags | LibC.DirectoryOnly | LibC.NoFollow);

        var failure = Marshal.GetLastPInvokeError();

        // A link: its target is as good as whoever made the link, such as root's from /var/run to /run.
        if (handle.IsInvalid && FileStatus.OfLink(path) is { IsLink: true } link)
        {
            if (!IsTrusted(link.User))
            {
                throw new IOException($"{path} is a symbolic link of another user's (UID {link.User})");
            }

            handle = LibC.Open(path, Flags | LibC.DirectoryOnly);
            failure = Marshal.GetLastPInvokeError();
        }

        if (handle.IsInvalid)
        {
            // Whatever was examined meanwhile has another one.
            Marshal.SetLastPInvokeError(failure);
            var error = LibC.LastError($"cannot open the directory {path}");
            throw error is FileNotFoundException ? new DirectoryNotFoundException(error.Message) : error;
        }

        return new SafeDirectory(path, handle, FileStatus.Of(handle));
    }

    /// <summary>Opens a file; null when there is none.</summary>
    /// <param name="name">Its name in the directory.</param>
    /// <param name="isWritable">Whether it is to be written too. Nothing is truncated.</param>
    /// <param name="owners">Who may own it beside root, this user and the directory's owner, who could put anything in its place.</param>
    /// <exception cref="IOException">It is a link, has several names, is no regular file, or is somebody else's.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public SafeFileHandle? Open(string name, bool isWritable, params ReadOnlySpan<uint> owners) =>
        Open(name, isWritable, isBelieved: false, [_owner, .. owners]);

    /// <summary>Opens a file for reading whose content is believed: whoever may write it could say anything.</summary>
    /// <exception cref="IOException">As <see cref="Open(string, bool, ReadOnlySpan{uint})"/>, or others than root and this user own it.</exception>
    /// <exception cref="OpenToOthersException">Others may write it, or put another one in its place: then it is all the same whether it is there.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not open it.</exception>
    public SafeFileHandle? OpenBelieved(string name) => WhyNotBelieved() is { } reason ? throw new OpenToOthersException(reason) : Open(name, isWritable: false, isBelieved: true, []);

    private SafeFileHandle? Open(string name, bool isWritable, bool isBelieved, ReadOnlySpan<uint> owners)
    {
        var path = System.IO.Path.Combine(Path, name);
        var handle = LibC.OpenAt(_handle, name, Common | LibC.NoFollow | (isWritable ? LibC.ReadWrite : LibC.ReadOnly), 0);
        if (handle.IsInvalid)
        {
            return Marshal.GetLastPInvokeError() switch
            {
                LibC.NoEntry => null,
                LibC.TooManyLinks => throw new IOException($"{path} is a symbolic link, which is not followed"),
                _ => throw LibC.LastError($"cannot open {path}"),
            };
        }

        var status = FileStatus.Of(handle);
        var trouble = status switch
        {
            null => "cannot be examined",
            { IsRegular: false } => "is not a regular file",
            { Links: > 1 } => $"has {status.Value.Links} names (hard links), so that it may be another file",
            { User: var user } when !IsTrusted(user) && !owners.Contains(user) => $"belongs to another user (UID {user})",
            _ => null,
        };
        if (trouble is null && !(isBelieved && (status!.Value.Mode & WriteByOthers) != 0))
        {
            return handle;
        }

        handle.Dispose();
        throw trouble is null
            ? new OpenToOthersException($"{path} may be written by others (its mode is {Convert.ToString((int)status!.Value.Mode, 8)}): not used. If nobody else has written there: chmod 600 {path}")
            : new IOException($"{path} {trouble}: not used");
    }

    /// <summary>Makes a file, for reading and writing; null when something has the name already, a link too.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public SafeFileHandle? Create(string name, UnixFileMode mode)
    {
        var handle = LibC.OpenAt(_handle, name, Common | LibC.ReadWrite | LibC.Create | LibC.Exclusive, (uint)mode);
        return !handle.IsInvalid ? handle
            : Marshal.GetLastPInvokeError() == LibC.Exists ? null
            : throw LibC.LastError($"cannot make {System.IO.Path.Combine(Path, name)}");
    }

    /// <summary>What has the name now; null when nothing has.</summary>
    public FileStatus? Status(string name) => FileStatus.Of(_handle, name);

    /// <summary>Gives a file the name of another one, which goes.</summary>
    /// <exception cref="IOException">It could not be done.</exception>
    public void Rename(string from, string to)
    {
        if (LibC.RenameAt(_handle, from, _handle, to) != 0)
        {
            throw LibC.LastError($"cannot rename {System.IO.Path.Combine(Path, from)} to {to}");
        }
    }

    /// <summary>Gives a file a second name, a link itself too; false when something has that name already.</summary>
    /// <exception cref="IOException">It could not be done.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public bool TryLink(string name, string second) =>
        LibC.LinkAt(_handle, name, _handle, second, 0) == 0
        || (Marshal.GetLastPInvokeError() == LibC.Exists ? false : throw LibC.LastError($"cannot keep {System.IO.Path.Combine(Path, name)} as {second}"));

    /// <summary>Makes an open file the directory's owner's, where this user may give files away: to root alone that matters.</summary>
    /// <exception cref="IOException">It could not be done.</exception>
    public void GiveToOwner(SafeFileHandle file)
    {
        if (LibC.EffectiveUser() == 0 && LibC.ChangeOwner(file, _owner, _group) != 0)
        {
            throw LibC.LastError($"cannot give a file in {Path} to its owner");
        }
    }

    /// <summary>Makes an open file the directory's group's; false where this user may not.</summary>
    public bool GiveToGroup(SafeFileHandle file) => FileStatus.Of(file)?.Group == _group || LibC.ChangeOwner(file, uint.MaxValue, _group) == 0;

    /// <summary>Removes a name; false when it could not be done.</summary>
    public bool TryDelete(string name) => LibC.UnlinkAt(_handle, name, 0) == 0;

    /// <summary>Makes what was renamed and made durable: it alone may be lost with the power. .NET flushes files, but opens no directory.</summary>
    public void Flush() => RandomAccess.FlushToDisk(_handle);

    public void Dispose() => _handle.Dispose();

    /// <summary>
    /// Who else could put a file in the place of another one, though he could not write one that is this user's: an old one of this user's, or one of another name. A group may write:
    /// Kubernetes gives a volume to one (<c>fsGroup</c>), whatever is done about its files.
    /// </summary>
    private string? WhyNotBelieved() =>
        !IsTrusted(_owner) ? $"the directory {Path} belongs to another user (UID {_owner}), who could put another file there: not used. If nobody else has written there: chown {LibC.EffectiveUser()} {Path}"
        : _mode.HasFlag(UnixFileMode.OtherWrite) && !_mode.HasFlag(UnixFileMode.StickyBit)
            ? $"everybody may write to the directory {Path} (its mode is {Convert.ToString((int)_mode, 8)}), and put another file there: not used. If nobody else has written there: chmod {(_owner == LibC.EffectiveUser() ? "700" : "+t")} {Path}"
        : null;

    private static bool IsTrusted(uint user) => user == 0 || user == LibC.EffectiveUser();
}
