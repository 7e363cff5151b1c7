using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Cli.Host;

/// <summary>
/// systemd's socket for what a service says of itself (sd_notify(3)). Whoever reads it may be about to start anew, or may have stopped
/// reading: nothing is waited for, and nothing thrown.
/// </summary>
internal sealed class NotifySocket
{
    private readonly UnixDomainSocketEndPoint _address;

    private NotifySocket(UnixDomainSocketEndPoint address) => _address = address;

    /// <summary>Null where nobody wants to know, or the address is none.</summary>
    /// <param name="address">As NOTIFY_SOCKET has it: an absolute path, or @ and a name that is no file.</param>
    public static NotifySocket? To(string? address)
    {
        try
        {
            return address is ['/' or '@', _, ..] ? new NotifySocket(new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address)) : null;
        }
        catch (ArgumentException)
        {
            // Too long for a socket's address.
            return null;
        }
    }

    /// <summary>False when it was not taken: it may be, when it is said again.</summary>
    public bool Say(string assignment)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
            return socket.SendTo(Encoding.UTF8.GetBytes(assignment), _address) > 0;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return false;
        }
    }
}
