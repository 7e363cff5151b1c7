using System.Globalization;
using System.Net.Sockets;
using KamailioRpc.Errors;

namespace KamailioRpc.Transports;

/// <summary>The file of a Unix socket of Kamailio's.</summary>
internal static class SocketFile
{
    /// <summary>What is wrong with a path that leads to a directory, and what to write instead.</summary>
    public const string IsDirectory = "it is a directory: name the socket in it, as auto:DIRECTORY does for those with Kamailio's usual names";

    /// <summary>When the socket was made, to some milliseconds: Kamailio makes it once, at its start. A socket's time of modification does not change.</summary>
    public static string Incarnation(string path)
    {
        try
        {
            return File.GetLastWriteTimeUtc(path).ToString("O", CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Whatever is in the way is said by the call that follows.
            return string.Empty;
        }
    }

    /// <exception cref="KamailioUnreachableException">There is no such file, or it cannot be seen: to connect would say "address not available" of either.</exception>
    public static void Require(KamailioAddress address)
    {
        if (Directory.Exists(address.Path))
        {
            throw new KamailioUnreachableException(address, IsDirectory, null);
        }

        if (!File.Exists(address.Path))
        {
            throw new KamailioUnreachableException(address, "there is no such socket, or this user may not enter its directory", null);
        }
    }

    /// <summary>Why no connection stands; where the file is of another kind than the address says, what to write instead.</summary>
    public static string Reason(KamailioAddress address, SocketException exception) =>
        exception.SocketErrorCode == SocketError.ProtocolType
            ? address.Transport == RpcTransport.UnixStream
                ? "it is a socket for datagrams, as that of jsonrpcs is: write jsonrpc+unix: before it"
                : "it is a socket for streams, as that of ctl is: write binrpc+unix: before it"
        : address.Path is { } path && Posix.StatusAt(path) is { IsSocket: false } status
            ? status.IsFifo ? "it is a FIFO: write jsonrpc+fifo: before it" : "it is no socket"
        : address.Host is { } host && ResolvedConnection.Trouble(host, exception) is { } trouble ? trouble
        : exception.Message;
}
