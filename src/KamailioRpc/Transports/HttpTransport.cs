using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamailioRpc.Errors;

namespace KamailioRpc.Transports;

/// <summary>HTTP or HTTPS to Kamailio's xhttp module, whose <c>event_route[xhttp:request]</c> calls <c>jsonrpc_dispatch()</c>.</summary>
internal sealed class HttpTransport(KamailioAddress address, RpcClientOptions options) : IRpcTransport
{
    public KamailioAddress Address => address;

    public string InstanceToken => string.Empty;

    public bool IsOneShot => false;

    public ValueTask<RpcMessageHandler> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new(new HttpPostHandler(new HttpClient(NewHandler(), disposeHandler: true), address, options.MaxReplyLength));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new KamailioUnreachableException(address, $"the certificates in {options.CertificateAuthorityFile} cannot be read: {exception.Message}", exception);
        }
    }

    private SocketsHttpHandler NewHandler()
    {
        var handler = new SocketsHttpHandler
        {
            // A proxy from the environment is for the world outside, and a redirection would take the request to somebody else.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectCallback = ResolvedConnection.ConnectAsync,
        };
        if (options.CertificateAuthorityFile is { } file)
        {
            var trusted = new X509Certificate2Collection();
            trusted.ImportFromPem(ReadText(file));
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(trusted);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return handler;
    }

    /// <summary>Of a regular file: a FIFO in its place would be waited for without end.</summary>
    private static string ReadText(string path)
    {
        var file = Posix.Open(path, Posix.ReadOnly | Posix.NonBlocking | Posix.CloseOnExec);
        if (file.IsInvalid || Posix.StatusOf(file) is not { IsRegular: true })
        {
            var reason = file.IsInvalid ? Posix.LastMessage : "it is no regular file";
            file.Dispose();
            throw new IOException(reason);
        }

        using var text = new StreamReader(new FileStream(file, FileAccess.Read));
        return text.ReadToEnd();
    }
}
