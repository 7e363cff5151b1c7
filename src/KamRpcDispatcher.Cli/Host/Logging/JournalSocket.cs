using System.Net.Sockets;

namespace KamRpcDispatcher.Cli.Host.Logging;

/// <summary>The socket by which systemd's journal takes entries with fields, a datagram each. Nothing is waited for, and nothing thrown.</summary>
internal sealed class JournalSocket(string path) : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    private readonly UnixDomainSocketEndPoint _address = new(path);

    /// <summary>False when it was not taken: nobody is there, or whoever is has not read what was sent before.</summary>
    public bool Send(ReadOnlySpan<byte> entry)
    {
        try
        {
            return _socket.SendTo(entry, _address) == entry.Length;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    public void Dispose() => _socket.Dispose();
}
