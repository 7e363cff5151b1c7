using System.Net.Sockets;
using System.Text;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Benchmarks;

/// <summary>The least that a call can cost from .NET: a request of ready bytes written into a blocking socket, and a reply read out of it.</summary>
internal sealed class BareSocket : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _reply = new byte[128 * 1024];
    private readonly Socket _socket;
    private readonly byte[] _request;

    private BareSocket(SocketType type, string path, byte[] request)
    {
        _request = request;
        _socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        if (type == SocketType.Dgram)
        {
            _socket.Bind(new UnixDomainSocketEndPoint(_folder.File("bare.sock")));
        }

        _socket.Connect(new UnixDomainSocketEndPoint(path));
    }

    /// <summary>Null for what is no Unix socket.</summary>
    public static BareSocket? For(OpenKamailio kamailio, string transport, string method)
    {
        object[] arguments = method == "core.echo" ? [] : ["ap", 1, "sip:127.0.0.1:5071"];
        return transport switch
        {
            "jsonrpc+unix" => new BareSocket(SocketType.Dgram, Path(), Encoding.UTF8.GetBytes(DatagramClient.Request(1, method, arguments))),
            "binrpc+unix" => new BareSocket(SocketType.Stream, Path(), Binrpc()),
            "binrpc+unixd" => new BareSocket(SocketType.Dgram, Path(), Binrpc()),
            _ => null,
        };

        string Path() => kamailio.Address(transport).Split(':')[1];

        // Literal: the method, and "ap", 1, the URI.
        byte[] Binrpc() => method == "core.echo"
            ? [0xa1, 0x00, 12, 1, 0x91, 10, .. "core.echo\0"u8]
            : [0xa1, 0x00, 50, 1, 0x91, 21, .. "dispatcher.set_state\0"u8, 0x31, .. "ap\0"u8, 0x10, 1, 0x91, 19, .. "sip:127.0.0.1:5071\0"u8];
    }

    public void Exchange()
    {
        _socket.Send(_request);
        if (_socket.Receive(_reply) == 0)
        {
            throw new InvalidOperationException("Kamailio closed the connection.");
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }
}
