using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Tests.Probe;

/// <summary>A SIP server over UDP whose every step the test takes.</summary>
internal sealed class UdpPeer : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;

    public UdpPeer(IPAddress? address = null, int port = 0)
    {
        address ??= IPAddress.Loopback;
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        _socket.Bind(new IPEndPoint(address, port));
        Address = (IPEndPoint)_socket.LocalEndPoint!;
    }

    public IPEndPoint Address { get; }

    /// <summary>The sender of the last request.</summary>
    public EndPoint? Client { get; private set; }

    /// <summary>Whether a request waits to be read.</summary>
    public bool HasMore => _socket.Available > 0;

    public async Task<SipRequestText> ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(Address.Address, 0)).WaitAsync(Deadline);
        Client = received.RemoteEndPoint;
        return new SipRequestText(Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes));
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public Task SendAsync(string text, EndPoint to) => _socket.SendToAsync(Encoding.UTF8.GetBytes(text), to);

    public Task SendAsync(byte[] datagram) => _socket.SendToAsync(datagram, Client!);

    public async Task AnswerAsync(string status) => await SendAsync((await ReceiveAsync()).Answer(status));

    public void Dispose() => _socket.Dispose();
}
