using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports.Fifo;

/// <summary>A FIFO of ours into which Kamailio writes its replies.</summary>
internal sealed class ReplyFifo : IDisposable
{
    private const string Prefix = "kamrpc-";
    private const int NameLength = 24;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly ReplyDirectory _directory;
    private readonly SafeFileHandle _reply;
    private readonly SafeFileHandle _wake;
    private readonly FileStatus _file;

    private ReplyFifo(ReplyDirectory directory, string name, SafeFileHandle reply, SafeFileHandle wake, FileStatus file, string? doubt) =>
        (_directory, Name, _reply, _wake, _file, Doubt) = (directory, name, reply, wake, file, doubt);

    /// <summary>Why Kamailio may not be able to write into it, and what helps; null where it surely is.</summary>
    public string? Doubt { get; }

    /// <summary>What Kamailio is told in <c>reply_name</c>: a name in its <c>fifo_reply_dir</c>, without dots and slashes.</summary>
    public string Name { get; }

    /// <summary>Whether Kamailio can still reply: it opens the FIFO by its path, which cleaners of /tmp remove.</summary>
    public bool IsThere => _directory.Status(Name) is { } there && there.IsSameFile(_file);

    /// <param name="path">Kamailio's <c>fifo_reply_dir</c>, in which we may make files.</param>
    /// <param name="requests">Kamailio's FIFO.</param>
    /// <exception cref="IOException">It cannot be made, or the directory is not to be trusted.</exception>
    public static ReplyFifo Make(string path, FileStatus requests)
    {
        var directory = ReplyDirectory.Open(path, isMade: false);
        try
        {
            var isOfUnknown = requests.User == 0 && Environment.IsPrivilegedProcess;
            var reader = isOfUnknown ? FifoReader.Find(requests) : null;
            var owner = reader ?? requests;
            directory.RemoveLeft(Prefix + "*", owner.User, (left, status) => left.Length == NameLength && status.IsFifo && !IsNew(Path.Combine(directory.Path, left)) && IsUnread(directory, left));
            var name = $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..NameLength];
            if (!directory.MakeFifo(name, Mode))
            {
                throw new IOException($"the reply FIFO {Path.Combine(path, name)} cannot be made: {Posix.LastMessage}");
            }

            return Open(directory, name, owner, isOfUnknown && reader is null);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Reads what has come, waiting for something; null once it was woken.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public int? Read(Span<byte> buffer)
    {
        Span<Posix.PollEntry> entries = stackalloc Posix.PollEntry[2];
        while (true)
        {
            entries[0] = new Posix.PollEntry((int)_reply.DangerousGetHandle(), Posix.Readable, 0);
            entries[1] = new Posix.PollEntry((int)_wake.DangerousGetHandle(), Posix.Readable, 0);
            if (Posix.Poll(entries, 2, -1) < 0)
            {
                Fail(Posix.Interrupted);
                continue;
            }

            if (entries[1].Seen != 0)
            {
                return null;
            }

            var length = Posix.Read(_reply, buffer, buffer.Length);
            if (length > 0)
            {
                return (int)length;
            }

            // None at all is no end: it is open for writing here.
            Fail(Posix.TryAgain);
        }
    }

    /// <summary>Lets a thread that waits in <see cref="Read"/> go on, by a descriptor that is held: the path may be nobody's by now.</summary>
    public void Wake() => _ = Posix.Write(_wake, [1, 0, 0, 0, 0, 0, 0, 0], sizeof(ulong));

    public void Dispose()
    {
        _reply.Dispose();
        _wake.Dispose();
        _directory.Remove(Name, _file);
        _directory.Dispose();
    }

    private static ReplyFifo Open(ReplyDirectory directory, string name, FileStatus owner, bool isUnknown)
    {
        // For writing too, so that the end of one reply is not the end of the file.
        var reply = directory.OpenFile(name, Posix.ReadWrite | Posix.NonBlocking);
        var wake = Posix.NewEvent();
        FileStatus? file = reply.IsInvalid ? null : Posix.StatusOf(reply);
        try
        {
            if (file is not { IsFifo: true, Links: 1 } ours || ours.User != Posix.EffectiveUser() || wake.IsInvalid)
            {
                throw new IOException($"the reply FIFO {Path.Combine(directory.Path, name)} was replaced by somebody else, or cannot be opened: {Posix.LastMessage}");
            }

            // The umask took some of the mode away.
            File.SetUnixFileMode(reply, Mode);
            var isGiven = directory.Give(name, reply, owner);
            return new ReplyFifo(directory, name, reply, wake, ours, isGiven && !isUnknown ? null : DoubtOf(owner));
        }
        catch
        {
            if (file is { } made)
            {
                directory.Remove(name, made);
            }

            reply.Dispose();
            wake.Dispose();
            throw;
        }
    }

    private static string DoubtOf(FileStatus owner) => owner.User == 0 && Environment.IsPrivilegedProcess
        ? "if Kamailio was started as root with another user, it cannot write into a FIFO of root's: set that user with fifo_user of jsonrpcs (KAMRPC_SOCKET_USER)"
        : $"unless Kamailio is root, it cannot write into a FIFO of user {Posix.EffectiveUser()}, who is not in group {owner.Group} of its own FIFO: run as Kamailio's user, or as one in that group";

    /// <summary>Whoever has just made it may not have opened it yet.</summary>
    private static bool IsNew(string path) => (DateTime.UtcNow - File.GetLastWriteTimeUtc(path)).Duration() < TimeSpan.FromSeconds(5);

    private static bool IsUnread(ReplyDirectory directory, string name)
    {
        using var probe = directory.OpenFile(name, Posix.WriteOnly | Posix.NonBlocking);
        return probe.IsInvalid && Posix.LastError == Posix.NoReader;
    }

    private static void Fail(int harmless)
    {
        if (Posix.LastError is var error && error != harmless && error != Posix.Interrupted)
        {
            throw new IOException($"a reply FIFO cannot be read: {Posix.LastMessage}");
        }
    }
}
