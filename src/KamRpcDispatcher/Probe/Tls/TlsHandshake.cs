using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace KamRpcDispatcher.Probe.Tls;

/// <summary>Turns a connection into one over TLS.</summary>
/// <param name="host">The name or address that the certificate must be for. A name is also sent (SNI).</param>
/// <param name="caFile">Null: the certificate is not verified.</param>
/// <param name="identity">What is shown to a server that asks for a certificate; null for nothing.</param>
internal sealed class TlsHandshake(string host, string? caFile, ClientIdentity? identity = null)
{
    private readonly TrustedRoots? _roots = caFile is null ? null : new TrustedRoots(caFile);

    /// <param name="stream">Owned from here on, and closed when it fails.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AuthenticationException">No handshake, or not with the right server.</exception>
    public async Task<Stream> RunAsync(Stream stream, CancellationToken cancellationToken)
    {
        string? untrusted = null;
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // Nothing is fetched from the addresses in a stranger's certificate.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_roots?.Load() ?? []);
        var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    CertificateChainPolicy = policy,
                    RemoteCertificateValidationCallback = Verify,
                    ClientCertificateContext = identity?.Load(),
                },
                cancellationToken).ConfigureAwait(false);
            return tls;
        }
        catch (Exception exception)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            if (cancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new AuthenticationException("the TLS handshake failed: " + (untrusted ?? FailureText.Of(exception)));
        }

        bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            untrusted = _roots is null ? null : WhyUntrusted(errors, chain);
            return untrusted is null;
        }
    }

    private string? WhyUntrusted(SslPolicyErrors errors, X509Chain? chain) =>
        errors == SslPolicyErrors.None ? null
        : errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "the server has no certificate"
        : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"the certificate is not for '{host}'"
        : "the certificate is not trusted: " + string.Join(", ", chain?.ChainStatus.Select(static status => status.Status).Distinct() ?? []);
}
