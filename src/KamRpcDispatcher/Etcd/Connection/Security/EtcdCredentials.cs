using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>What the files of a connection held when they were last read well: one that is bad for a moment, as while it is replaced, does no harm.</summary>
internal sealed class EtcdCredentials(EtcdOptions connection, ILogger logger)
{
    // Connections are made in several places at a time, and over and over while there is none.
    private readonly ConcurrentDictionary<string, string> _told = [];
    private X509Certificate2Collection? _authorities;
    private SslStreamCertificateContext? _identity;
    private string? _password;

    /// <summary>Sets TLS up with what the files hold now.</summary>
    /// <param name="tls">What is set up.</param>
    /// <param name="host">The name or address that the server's certificate must be for.</param>
    /// <returns>Who judges the server's certificate.</returns>
    /// <exception cref="InvalidDataException">A file is bad, and was never read well.</exception>
    public EtcdTrust Configure(SslClientAuthenticationOptions tls, string host)
    {
        // Nothing is fetched from the addresses in a stranger's certificate.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (connection.CertificateAuthorityFile is { } authorityFile)
        {
            _authorities = Read(authorityFile, () => PemFiles.ReadCertificates(authorityFile), _authorities);
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(_authorities);
        }

        if (connection.CertificateFile is { } certificateFile && connection.KeyFile is { } keyFile)
        {
            _identity = Read(certificateFile, () => PemFiles.ReadIdentity(certificateFile, keyFile), _identity);
            tls.ClientCertificateContext = _identity;
        }

        var trust = new EtcdTrust(host, _authorities);
        tls.CertificateChainPolicy = policy;
        tls.RemoteCertificateValidationCallback = trust.Verify;
        return trust;
    }

    /// <summary>The password as its file has it now.</summary>
    /// <exception cref="InvalidDataException">The file is bad, and was never read well.</exception>
    public string ReadPassword() => _password = Read(connection.PasswordFile!, () => EtcdFiles.ReadPassword(connection.PasswordFile!), _password);

    private T Read<T>(string file, Func<T> read, T? before)
        where T : class
    {
        try
        {
            var now = read();
            _told.TryRemove(file, out _);
            return now;
        }
        catch (InvalidDataException bad) when (before is not null)
        {
            if (!_told.TryGetValue(file, out var told) || told != bad.Message)
            {
                _told[file] = bad.Message;
                EtcdLog.FileUnusable(logger, bad.Message);
            }

            return before;
        }
    }
}
