using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Somebody on loopback who is not etcd: answers the first thing that comes over each connection, and closes it.</summary>
internal sealed class AnsweringServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly Task _serving;

    /// <param name="answer">To what came, one character a byte; null closes the connection.</param>
    /// <param name="certificate">With which it speaks TLS; null without.</param>
    public AnsweringServer(Func<string, string?> answer, X509Certificate2? certificate = null)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = ServeAsync(answer, certificate);
    }

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _serving;
        _listener.Dispose();
        _over.Dispose();
    }

    private async Task ServeAsync(Func<string, string?> answer, X509Certificate2? certificate)
    {
        while (!_over.IsCancellationRequested)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync(_over.Token);
                await using Stream stream = certificate is null ? client.GetStream() : await SecureAsync(client, certificate);
                var buffer = new byte[1024];
                var length = await stream.ReadAsync(buffer, _over.Token);
                if (answer(Encoding.Latin1.GetString(buffer, 0, length)) is { } text)
                {
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(text), _over.Token);

                    // To the end, since a connection that is closed with something unread takes what was sent with it.
                    client.Client.Shutdown(SocketShutdown.Send);
                    while (await stream.ReadAsync(buffer, _over.Token) > 0)
                    {
                    }
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException or System.Security.Authentication.AuthenticationException)
            {
                // It is over, or whoever asked is gone.
            }
        }
    }

    private async Task<SslStream> SecureAsync(TcpClient client, X509Certificate2 certificate)
    {
        var secure = new SslStream(client.GetStream());
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, _over.Token);
        return secure;
    }
}
