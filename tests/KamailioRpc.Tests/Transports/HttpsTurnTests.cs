using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamailioRpc.Tests.Transports;

/// <summary>Kamailio's memory does not survive two TLS handshakes at once, so over HTTPS there is one connection at a time.</summary>
public class HttpsTurnTests
{
    private const int Calls = 4;

    [Test]
    public async Task Calls_at_once_make_one_connection()
    {
        using var folder = new TemporaryFolder();
        await TestCertificate.MakeAsync(folder);
        using var certificate = X509Certificate2.CreateFromPemFile(folder.File("cert.pem"), folder.File("key.pem"));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, certificate);
        await using var client = new RpcClient(
            KamailioAddress.Parse($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/RPC"),
            new RpcClientOptions { MaxConcurrentCalls = Calls, CertificateAuthorityFile = folder.File("cert.pem"), Timeout = TimeSpan.FromSeconds(20) });

        await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => client.InvokeAsync("m", [], CancellationToken.None)));

        Assert.That(await serving, Is.False, "another connection waited beside the first");
    }

    /// <summary>Answers every call over the first connection. Whether there was another meanwhile.</summary>
    private static async Task<bool> ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using var first = await listener.AcceptTcpClientAsync();
        await using var stream = new SslStream(first.GetStream());
        await stream.AuthenticateAsServerAsync(certificate);
        for (var call = 0; call < Calls; call++)
        {
            var request = await ReadAsync(stream);
            if (listener.Pending())
            {
                return true;
            }

            var id = request[(request.IndexOf("\"id\":", StringComparison.Ordinal) + 5)..].Split(',', '}')[0];
            var body = $$"""{"jsonrpc":"2.0","result":7,"id":{{id}}}""";
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        }

        return listener.Pending();
    }

    /// <summary>A whole request: its headers and its body may come one after the other.</summary>
    private static async Task<string> ReadAsync(SslStream stream)
    {
        var buffer = new byte[4096];
        var length = 0;
        do
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length));
            Assert.That(read, Is.Positive, "the connection ended within a request");
            length += read;
        }
        while (buffer[length - 1] != '}');

        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
