using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace KamailioRpc.Transports;

/// <summary>A Unix datagram socket connected to Kamailio's and bound to a path of ours, to which Kamailio sends its replies.</summary>
/// <remarks>Connected: the kernel takes datagrams from Kamailio's socket only.</remarks>
internal sealed class ReplySocket : IDisposable
{
    private const string Prefix = "kamrpc-";
    private const string Suffix = ".sock";

    /// <summary>Of the name without its suffix, in octets.</summary>
    private const int NameLength = 24;

    private ReplySocket(Socket socket, string path)
    {
        Socket = socket;
        Path = path;
    }

    /// <summary>The longest directory that leaves room for the name of a socket, in octets.</summary>
    public static int LongestDirectory => KamailioAddress.MaxPathLength - "/".Length - NameLength - Suffix.Length;

    public Socket Socket { get; }

    public string Path { get; }

    /// <param name="kamailioPath">Kamailio's socket.</param>
    /// <param name="directory">Where the reply socket is made: a directory of ours that Kamailio's user can enter.</param>
    /// <exception cref="SocketException">Nobody listens on Kamailio's path.</exception>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    public static ReplySocket Connect(string kamailioPath, string directory)
    {
        if (!Directory.Exists(directory))
        {
            // Others may pass through to a socket whose name they know, but not list or write the directory.
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        }

        RemoveStale(directory);
        var path = System.IO.Path.Combine(directory, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}"[..NameLength] + Suffix);
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            socket.Connect(new UnixDomainSocketEndPoint(kamailioPath));
            GiveToOwnerOf(kamailioPath, path);
            return new ReplySocket(socket, path);
        }
        catch
        {
            socket.Dispose();
            File.Delete(path);
            throw;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        File.Delete(Path);
    }

    /// <summary>Lets Kamailio write to the socket: as root, by making it Kamailio's; else by the group, or by being the same user.</summary>
    private static void GiveToOwnerOf(string kamailioPath, string path)
    {
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        if (Environment.IsPrivilegedProcess)
        {
            FileOwner.Copy(kamailioPath, path);
        }
    }

    /// <summary>Removes what a killed process left: sockets of our name on which nobody listens.</summary>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Cleaning must not keep a connection from being made.")]
    private static void RemoveStale(string directory)
    {
        foreach (var path in Directory.EnumerateFiles(directory, Prefix + "*" + Suffix))
        {
            try
            {
                using var probe = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
                probe.Connect(new UnixDomainSocketEndPoint(path));
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                File.Delete(path);
            }
            catch (Exception)
            {
                // In use (it is connected to its Kamailio, so it refuses us), or not ours to touch.
            }
        }
    }
}
