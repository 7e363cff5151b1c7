using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace KamailioRpc.Transports;

/// <summary>A Unix datagram socket connected to Kamailio's and bound to a path of ours, to which Kamailio sends its replies.</summary>
/// <remarks>Connected: the kernel takes datagrams from Kamailio's socket only.</remarks>
internal sealed class ReplySocket : IDisposable
{
    private const string Prefix = "kamrpc-";
    private const string Suffix = ".sock";
    private const UnixFileMode ModeBefore = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Mode = ModeBefore | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

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
            Bind(socket, Path.Combine(directory.Path, name));
            using var made = OpenMade(directory, name, out var status);
            file = status;
            SetMode(made, ModeBefore);
            socket.Connect(new UnixDomainSocketEndPoint(kamailioPath));

            // Which user Kamailio is its socket does not say: owner and group are what its configuration gives them (root, where it was started
            // as root with -u). It is connected by now: the kernel takes what Kamailio's socket sends, and nothing else.
            SetMode(made, Mode);
            return new ReplySocket(socket, directory, name, file.Value);
        }
        catch
        {
            socket.Dispose();
            if (file is { } left)
            {
                directory.Remove(name, left);
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

    /// <exception cref="IOException">The directory takes no sockets: this is not about Kamailio's.</exception>
    private static void Bind(Socket socket, string path)
    {
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception)
        {
            throw new IOException($"no socket for its replies can be made in {Path.GetDirectoryName(path)}: {exception.Message}", exception);
        }
    }

    /// <summary>By a descriptor: what has the name now may be somebody else's in a moment.</summary>
    private static SafeFileHandle OpenMade(ReplyDirectory directory, string name, out FileStatus status)
    {
        var file = directory.OpenFile(name, Posix.PathOnly);
        if (!file.IsInvalid && Posix.StatusOf(file) is { IsSocket: true, Links: 1 } ours && ours.User == Posix.EffectiveUser())
        {
            status = ours;
            return file;
        }

        file.Dispose();
        throw new IOException($"the reply socket {Path.Combine(directory.Path, name)} was replaced by somebody else");
    }

    private static void SetMode(SafeFileHandle file, UnixFileMode mode) => File.SetUnixFileMode($"/proc/self/fd/{file.DangerousGetHandle()}", mode);

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
