using KamRpcDispatcher.Etcd.Connection.Security;

namespace KamRpcDispatcher.Etcd.Connection;

/// <summary>How etcd is reached: where it is, whom to trust, and who we are. The files are read again for every new connection.</summary>
/// <param name="Endpoints">Where it is. The first one is used as long as it answers, then the next.</param>
public sealed record EtcdOptions(EtcdEndpoints Endpoints)
{
    /// <summary>PEM, the certificates to trust; null for those that the system trusts.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>PEM, our own certificate and those between it and its authority; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM, the private key of our certificate, not encrypted.</summary>
    public string? KeyFile { get; init; }

    /// <summary>etcd's user; null for none, or for the one that our certificate names.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; it may end in one newline.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Reads every file; what is wrong, and with which property.</summary>
    public IEnumerable<(string Property, string Error)> Check()
    {
        if (Error(() => CertificateAuthorityFile is { } file ? PemFiles.ReadCertificates(file) : null) is { } wrongAuthority)
        {
            yield return (nameof(CertificateAuthorityFile), wrongAuthority);
        }

        if (Error(() => CertificateFile is { } file ? PemFiles.ReadCertificates(file) : null) is { } wrongCertificate)
        {
            yield return (nameof(CertificateFile), wrongCertificate);
        }
        else if (CertificateFile is { } certificate && KeyFile is { } key && Error(() => PemFiles.ReadIdentity(certificate, key)) is { } wrongKey)
        {
            yield return (nameof(KeyFile), wrongKey);
        }

        if (Error(() => PasswordFile is { } file ? EtcdFiles.ReadPassword(file) : null) is { } wrongPassword)
        {
            yield return (nameof(PasswordFile), wrongPassword);
        }
    }

    private static string? Error(Func<object?> read)
    {
        try
        {
            read();
            return null;
        }
        catch (InvalidDataException wrong)
        {
            return wrong.Message;
        }
    }
}
