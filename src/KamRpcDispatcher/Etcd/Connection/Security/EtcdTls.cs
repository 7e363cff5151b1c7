using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>TLS with one endpoint of etcd. What etcdctl accepts is accepted, and what is refused is refused in plain words.</summary>
/// <param name="host">The endpoint's name or address, for which its certificate must be.</param>
/// <param name="secrets">Whom to trust, and what to show.</param>
/// <param name="protocol">What is spoken over it.</param>
internal sealed class EtcdTls(string host, EtcdCredentials secrets, SslApplicationProtocol protocol)
{
    /// <summary>The first byte of what TLS sends: an alert, or a part of the handshake.</summary>
    internal const byte AlertRecord = 21;
    internal const byte HandshakeRecord = 22;

    internal const string Spoken = "this endpoint speaks TLS: write https:// before it";

    /// <summary>How long a stranger may take to tell what it speaks.</summary>
    private static readonly TimeSpan GuessTime = TimeSpan.FromSeconds(1);

    /// <param name="stream">Owned from here on, and closed when it fails.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">No handshake, or not with the right server.</exception>
    public async Task<Stream> ShakeHandsAsync(MeteredStream stream, IPEndPoint target, CancellationToken cancellationToken)
    {
        var tls = new SslStream(stream);
        try
        {
            var options = new SslClientAuthenticationOptions { TargetHost = host, ApplicationProtocols = [protocol] };
            var trust = secrets.Configure(options, host);
            try
            {
                await tls.AuthenticateAsClientAsync(options, cancellationToken).ConfigureAwait(false);
                return tls;
            }
            catch (Exception failed) when (failed is AuthenticationException or IOException && trust.Refusal is { } refusal)
            {
                // Without the cause, which says less.
                throw new AuthenticationException(refusal);
            }
            catch (Exception failed) when (failed is AuthenticationException or IOException && stream.First is not AlertRecord and not HandshakeRecord)
            {
                await ThrowIfPlainAsync(stream, target, cancellationToken).ConfigureAwait(false);
                throw;
            }
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Throws when the server, which ended a plaintext connection at once, speaks TLS.</summary>
    public static async Task ThrowIfSpokenAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        var speaks = false;
        await GuessAsync(target, async (stream, token) =>
        {
            // Its certificate is not trusted: nothing is said but hello.
            using var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => (speaks = certificate is not null) && false);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "etcd" }, token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        if (speaks)
        {
            throw new IOException(Spoken);
        }
    }

    private static async Task ThrowIfPlainAsync(MeteredStream stream, IPEndPoint target, CancellationToken cancellationToken)
    {
        // etcd closes a connection that begins with neither HTTP/1 nor HTTP/2.
        var isPlain = stream.First is not null;
        if (!isPlain)
        {
            await GuessAsync(target, async (other, token) =>
            {
                await other.WriteAsync("GET /version HTTP/1.0\r\n\r\n"u8.ToArray(), token).ConfigureAwait(false);
                using var reader = new StreamReader(other, Encoding.ASCII);
                var answer = new char[512];
                var length = await reader.ReadBlockAsync(answer, token).ConfigureAwait(false);
                var text = answer.AsSpan(0, length);

                // A server with TLS may say in plaintext that it wants TLS.
                isPlain = text.StartsWith("HTTP/") && !text.Contains("HTTPS server", StringComparison.Ordinal);
            }, cancellationToken).ConfigureAwait(false);
        }

        if (isPlain)
        {
            throw new AuthenticationException("this endpoint does not speak TLS: write http:// before it");
        }
    }

    /// <summary>Tries something on a connection of its own; when that fails nothing is known, and what failed before is told.</summary>
    internal static async Task GuessAsync(IPEndPoint target, Func<NetworkStream, CancellationToken, Task> guess, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(GuessTime);
        try
        {
            using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(target, patience.Token).ConfigureAwait(false);
            var stream = new NetworkStream(socket, ownsSocket: true);
            await using (stream.ConfigureAwait(false))
            {
                await guess(stream, patience.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            // It is not known what it speaks; what failed before is told.
        }
    }
}
