using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace KamRpcDispatcher.Tests.Probe;

/// <summary>A SIP server over TCP or TLS whose every step the test takes.</summary>
internal sealed class StreamPeer : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly TcpListener _listener;

    public StreamPeer(IPAddress? address = null, int port = 0)
    {
        _listener = new TcpListener(address ?? IPAddress.Loopback, port);
        _listener.Start();
        Address = (IPEndPoint)_listener.LocalEndpoint;
    }

    public IPEndPoint Address { get; }

    /// <summary>The connection that was accepted last.</summary>
    public Stream Stream { get; private set; } = Stream.Null;

    /// <summary>Whether a connection waits to be accepted.</summary>
    public bool HasMore => _listener.Pending();

    /// <summary>Takes the next connection in place of the last one, which stays open.</summary>
    public async Task AcceptAsync(SslServerAuthenticationOptions? tls = null)
    {
        Stream = new NetworkStream(await _listener.AcceptSocketAsync().WaitAsync(Deadline), ownsSocket: true);
        if (tls is not null)
        {
            var stream = new SslStream(Stream);
            Stream = stream;
            await stream.AuthenticateAsServerAsync(tls).WaitAsync(Deadline);
        }
    }

    /// <exception cref="EndOfStreamException">The client has closed the connection.</exception>
    public async Task<SipRequestText> ReceiveAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await Stream.ReadExactlyAsync(buffer).AsTask().WaitAsync(Deadline);
            text.Append((char)buffer[0]);
        }

        return new SipRequestText(text.ToString());
    }

    public async Task SendAsync(string text)
    {
        await Stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        await Stream.FlushAsync();
    }

    public async Task AnswerAsync(string status) => await SendAsync((await ReceiveAsync()).Answer(status));

    public void Dispose()
    {
        Stream.Dispose();
        _listener.Dispose();
    }
}
