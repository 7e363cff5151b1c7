using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KamRpcDispatcher.Testing;

/// <summary>A certificate of "localhost" that is its own authority.</summary>
public static class TestCertificate
{
    /// <summary>Writes cert.pem and key.pem into the folder.</summary>
    public static async Task MakeAsync(TemporaryFolder folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(folder.File("cert.pem"), certificate.ExportCertificatePem()).ConfigureAwait(false);
        await File.WriteAllTextAsync(folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem()).ConfigureAwait(false);
    }
}
