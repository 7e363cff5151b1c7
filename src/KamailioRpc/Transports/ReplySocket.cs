using System.Net.Sockets;

namespace KamailioRpc.Transports;

/// <summary>A Unix datagram socket connected to Kamailio's and bound to a path of ours, to which Kamailio sends its replies.</summary>
/// <remarks>Connected: the kernel takes datagrams from Kamailio's socket only.</remarks>
internal sealed class ReplySocket : IDisposable
{
    private const string Prefix = "kamrpc-";
    private const string Suffix = ".sock";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Of the name without its suffix, in bytes.</summary>
    private const int NameLength = 24;

    private readonly ReplyDirectory _directory;
    private readonly string _name;
    private readonly FileStatus _file;

    private ReplySocket(Socket socket, ReplyDirectory directory, string name, FileStatus file) =>
        (Socket, _directory, _name, _file) = (socket, directory, name, file);

    /// <summary>The longest directory that leaves room for the name of a socket, in bytes.</summary>
    public static int LongestDirectory => KamailioAddress.MaxPathLength - "/".Length - NameLength - Suffix.Length;

    public Socket Socket { get; }

    /// <summary>Whether Kamailio can still reply: it does so by the path, which cleaners of directories remove.</summary>
    public bool IsThere => _directory.Status(_name) is { } there && there.IsSameFile(_file);

    /// <param name="kamailioPath">Kamailio's socket.</param>
    /// <param name="path">Where the reply socket is made: a directory of ours that Kamailio's user can enter.</param>
    /// <exception cref="SocketException">Nobody listens on Kamailio's path.</exception>
    /// <exception cref="IOException">The directory cannot be made or written, or is not to be trusted.</exception>
    public static ReplySocket Connect(string kamailioPath, string path)
    {
        var directory = ReplyDirectory.Open(path, isMade: true);
        var name = $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..NameLength] + Suffix;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        FileStatus? file = null;
        try
        {
            var kamailio = Owner(kamailioPath);
            directory.RemoveLeft(Prefix + "*" + Suffix, kamailio.User, (left, status) => status.IsSocket && IsShut(Path.Combine(directory.Path, left)));

            // Never through a symbolic link: where there is anything of the name this fails.
            socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(directory.Path, name)));
            file = Open(directory, name, kamailio);
            socket.Connect(new UnixDomainSocketEndPoint(kamailioPath));
            return new ReplySocket(socket, directory, name, file.Value);
        }
        catch
        {
            socket.Dispose();
            if (file is { } made)
            {
                directory.Remove(name, made);
            }

            directory.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        _directory.Remove(_name, _file);
        _directory.Dispose();
    }

    /// <summary>Lets Kamailio write to the socket: as root, by making it Kamailio's; else by the group, or by being the same user.</summary>
    private static FileStatus Open(ReplyDirectory directory, string name, FileStatus kamailio)
    {
        // By a descriptor: what has the name now may be somebody else's in a moment.
        using var file = directory.OpenFile(name, Posix.PathOnly);
        if (file.IsInvalid || Posix.StatusOf(file) is not { IsSocket: true, Links: 1 } status || status.User != Posix.EffectiveUser())
        {
            throw new IOException($"the reply socket {Path.Combine(directory.Path, name)} was replaced by somebody else");
        }

        File.SetUnixFileMode($"/proc/self/fd/{file.DangerousGetHandle()}", Mode);
        if (Environment.IsPrivilegedProcess && Posix.ChangeOwner(file, kamailio.User, kamailio.Group) != 0)
        {
            throw new IOException($"the reply socket {Path.Combine(directory.Path, name)} cannot be given to user {kamailio.User}: {Posix.LastMessage}");
        }

        return status;
    }

    private static FileStatus Owner(string kamailioPath)
    {
        using var file = Posix.Open(kamailioPath, Posix.PathOnly | Posix.CloseOnExec);
        return !file.IsInvalid && Posix.StatusOf(file) is { } status ? status : throw new SocketException((int)SocketError.AddressNotAvailable);
    }

    /// <summary>Whether nobody listens. One that is in use is connected to its Kamailio, so it refuses us in another way.</summary>
    private static bool IsShut(string path)
    {
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return false;
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
