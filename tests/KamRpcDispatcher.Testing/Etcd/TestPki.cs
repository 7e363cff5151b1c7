using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KamRpcDispatcher.Testing;

/// <summary>Certificates of every kind, good and bad, as a test wants them: PEM files in a temporary folder.</summary>
public sealed class TestPki : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<IDisposable> _owned = [];
    private int _files;

    public void Dispose()
    {
        _owned.ForEach(static owned => owned.Dispose());
        _folder.Dispose();
    }

    /// <param name="kind">What it is.</param>
    /// <param name="issuer">Who signs it; null for itself.</param>
    public Issued Issue(CertificateKind kind, Issued? issuer = null)
    {
        AsymmetricAlgorithm key = kind.RsaBits is { } bits ? RSA.Create(bits) : ECDsa.Create(kind.Curve);
        var generator = Generator(key);
        var name = new X500DistinguishedName($"CN={kind.Name}");
        var request = new CertificateRequest(name, generator.PublicKey, kind.Hash);
        if (kind.IsAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        }

        if (kind.Usages.Count > 0)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. kind.Usages.Select(static usage => new Oid(usage))], critical: false));
        }

        if (kind.Hosts.Count > 0)
        {
            request.CertificateExtensions.Add(TestCertificates.AlternativeNames(kind.Hosts));
        }

        var certificate = request.Create(
            issuer?.Certificate.SubjectName ?? name, issuer is null ? generator : Generator(issuer.Key), DateTimeOffset.UtcNow.AddDays(kind.FromDay), DateTimeOffset.UtcNow.AddDays(kind.ToDay), RandomNumberGenerator.GetBytes(16));
        _owned.AddRange([certificate, key]);
        return new Issued(certificate, key);
    }

    /// <summary>A file with certificates, in this order.</summary>
    public string Write(params Issued[] certificates) => Write(string.Join('\n', certificates.Select(static issued => issued.Certificate.ExportCertificatePem())));

    /// <summary>A file with its private key, as PKCS #8, or as the older form of its kind.</summary>
    public string WriteKey(Issued issued, bool isOldForm = false) => Write((issued.Key, isOldForm) switch
    {
        (RSA rsa, true) => rsa.ExportRSAPrivateKeyPem(),
        (ECDsa ec, true) => ec.ExportECPrivateKeyPem(),
        var (key, _) => key.ExportPkcs8PrivateKeyPem(),
    });

    private string Write(string text)
    {
        var file = _folder.File($"{_files++}.pem");
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    private static X509SignatureGenerator Generator(AsymmetricAlgorithm key) =>
        key is RSA rsa ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : X509SignatureGenerator.CreateForECDsa((ECDsa)key);
}

/// <summary>A certificate with its key.</summary>
public sealed record Issued(X509Certificate2 Certificate, AsymmetricAlgorithm Key);

/// <summary>What a certificate is: by default one of a server, valid now, with an EC key.</summary>
/// <param name="Name">Its subject's common name.</param>
public sealed record CertificateKind(string Name)
{
    public const string ForServers = "1.3.6.1.5.5.7.3.1";
    public const string ForClients = "1.3.6.1.5.5.7.3.2";

    public bool IsAuthority { get; init; }

    /// <summary>Its subject alternative names: host names and addresses.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Its extended key usages, by their object ids.</summary>
    public IReadOnlyList<string> Usages { get; init; } = [];

    /// <summary>Valid from so many days from now on.</summary>
    public int FromDay { get; init; } = -1;

    /// <summary>Valid until so many days from now.</summary>
    public int ToDay { get; init; } = 30;

    /// <summary>With an RSA key of so many bits; null for one on a curve.</summary>
    public int? RsaBits { get; init; }

    public ECCurve Curve { get; init; } = ECCurve.NamedCurves.nistP256;

    public HashAlgorithmName Hash { get; init; } = HashAlgorithmName.SHA256;
}
