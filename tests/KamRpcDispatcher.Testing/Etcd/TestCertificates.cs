using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KamRpcDispatcher.Testing;

/// <summary>A certificate authority, made for a test, and the certificates that it issued: PEM files in a temporary folder.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(60));
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
        Server = Issue("server", "localhost", "127.0.0.1");
        Root = Issue("root");
    }

    /// <summary>The certificate to trust.</summary>
    public string AuthorityFile => _folder.File("ca.pem");

    /// <summary>For <c>localhost</c> and 127.0.0.1.</summary>
    public (string CertificateFile, string KeyFile) Server { get; }

    /// <summary>With which etcdctl is etcd's user root, where etcd asks for certificates.</summary>
    public (string CertificateFile, string KeyFile) Root { get; }

    /// <summary>Issues a certificate for servers and clients.</summary>
    /// <param name="commonName">Which etcd takes for the name of its user; also that of the files.</param>
    /// <param name="hosts">Names and addresses of a server.</param>
    public (string CertificateFile, string KeyFile) Issue(string commonName, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        if (hosts.Length > 0)
        {
            request.CertificateExtensions.Add(AlternativeNames(hosts));
        }

        using var certificate = request.Create(_authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30), RandomNumberGenerator.GetBytes(16));
        var files = (CertificateFile: _folder.File(commonName + ".pem"), KeyFile: _folder.File(commonName + ".key"));
        File.WriteAllText(files.CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(files.KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return files;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    /// <summary>For names and addresses.</summary>
    internal static X509Extension AlternativeNames(IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        return names.Build();
    }
}
