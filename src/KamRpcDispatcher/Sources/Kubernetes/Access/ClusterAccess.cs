using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace KamRpcDispatcher.Sources.Kubernetes.Access;

/// <summary>An API server, and who asks it. Files are named, not read: what is in them may change at any time.</summary>
/// <param name="Server">Its address, with a slash at the end.</param>
internal sealed record ClusterAccess(Uri Server)
{
    /// <summary>The name that its certificate is for, where that is not the address's.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Whom to trust: a file.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>The same as PEM; of the two at most one is given, and none means whom the system trusts.</summary>
    public string? Authority { get; init; }

    /// <summary>The bearer's token: a file, which Kubernetes writes anew every hour or so.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The same as it is. Not in what is printed.</summary>
    public Secret? Token { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    /// <summary>A client's certificate and its key as PEM.</summary>
    public (string Certificate, Secret Key)? Identity { get; init; }

    /// <summary>The namespace of a Service that is given without one.</summary>
    public string? Namespace { get; init; }

    /// <summary>Where this was read, for messages.</summary>
    public required string Origin { get; init; }

    /// <summary>Whether it is the access that a pod has by itself.</summary>
    public bool IsPods { get; init; }

    /// <summary>Whose the fields and files are, for messages.</summary>
    public string Owner => IsPods ? "the pod's service account" : $"the kubeconfig '{Origin}'";

    /// <summary>The token as it is now; null for none.</summary>
    /// <exception cref="InvalidDataException">The file is bad: it says what to do.</exception>
    public string? ReadToken()
    {
        if (TokenFile is null)
        {
            return Token?.Value;
        }

        var token = Named(IsPods ? "token" : "tokenFile", TokenFile, PemFiles.ReadText).Trim();
        return token.Length > 0 && !token.AsSpan().ContainsAnyExceptInRange('!', '~') ? token : throw new InvalidDataException($"there is no token in '{TokenFile}' of {Owner}; it has to be one line of printable ASCII");
    }

    /// <summary>What TLS goes by, as the files are now.</summary>
    /// <exception cref="InvalidDataException">One of them is bad: it says what to do.</exception>
    public SslClientAuthenticationOptions ReadTls()
    {
        // Nothing is fetched from the addresses in a stranger's certificate.
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        if (AuthorityFile is not null || Authority is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(AuthorityFile is not null ? Named("certificate-authority", AuthorityFile, PemFiles.ReadCertificates) : PemFiles.CertificatesOf(Authority!, Origin));
        }

        if (CertificateFile is not null && KeyFile is not null)
        {
            tls.ClientCertificateContext = PemFiles.IdentityOf(Named("client-certificate", CertificateFile, PemFiles.ReadText), Named("client-key", KeyFile, PemFiles.ReadText), CertificateFile, KeyFile);
        }
        else if (Identity is var (certificate, key))
        {
            tls.ClientCertificateContext = PemFiles.IdentityOf(certificate, key.Value, Origin, Origin);
        }

        return tls;
    }

    /// <summary>Reads a file, and says whose it is where it cannot be read: nobody has named it but its owner.</summary>
    private T Named<T>(string field, string file, Func<string, T> read)
    {
        try
        {
            return read(file);
        }
        catch (InvalidDataException wrong)
        {
            var reason = wrong.InnerException is FileNotFoundException or DirectoryNotFoundException
                ? $"the {field} '{file}' of {Owner} is not there"
                : $"the {field} of {Owner} cannot be used: {wrong.Message}";
            throw new InvalidDataException(reason, wrong);
        }
    }
}

/// <summary>What nobody may print.</summary>
internal sealed record Secret(string Value)
{
    public override string ToString() => "(secret)";
}
