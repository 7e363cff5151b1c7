using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Etcd.Connection.Security;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

/// <summary>Which certificate of etcd's is refused, and what is said of it.</summary>
public class EtcdTrustTests
{
    [Test]
    public void One_that_is_as_it_should_be_is_taken() => Assert.That(Refusal(HashAlgorithmName.SHA256, static names => names.AddIpAddress(IPAddress.Loopback)), Is.Null);

    [Test]
    public void One_that_is_signed_with_SHA_1_is_refused_as_etcdctl_refuses_it() =>
        Assert.That(Refusal(HashAlgorithmName.SHA1, static names => names.AddIpAddress(IPAddress.Loopback)), Does.StartWith("the certificate of 'CN=etcd' is signed with ").And.EndsWith("signed with SHA-256"));

    [Test]
    public void An_address_that_stands_among_the_names_is_told_to_belong_among_the_addresses() => Assert.That(
        Refusal(HashAlgorithmName.SHA256, static names => names.AddDnsName("127.0.0.1")),
        Does.StartWith("its certificate has '127.0.0.1' as a DNS name, and an address counts only as an IP address").And.EndsWith("issue one with IP:127.0.0.1"));

    private static string? Refusal(HashAlgorithmName hash, Action<SubjectAlternativeNameBuilder> name)
    {
        using var authorityKey = RSA.Create(2048);
        using var key = RSA.Create(2048);
        var authority = new CertificateRequest("CN=authority", authorityKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var root = authority.CreateSelfSigned(from, to);
        var request = new CertificateRequest("CN=etcd", key, hash, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        name(names);
        request.CertificateExtensions.Add(names.Build());
        using var own = request.Create(root.SubjectName, hash == HashAlgorithmName.SHA1 ? new Sha1Generator(authorityKey) : X509SignatureGenerator.CreateForRSA(authorityKey, RSASignaturePadding.Pkcs1), from, to, [1, 2, 3, 4]);
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.Build(own);
        var trust = new EtcdTrust("127.0.0.1", [root]);
        trust.Verify(trust, own, chain, SslPolicyErrors.None);
        return trust.Refusal;
    }

    /// <summary>.NET's own does not sign with SHA-1 any more.</summary>
    private sealed class Sha1Generator(RSA key) : X509SignatureGenerator
    {
        /// <summary>sha1WithRSAEncryption, without parameters (RFC 8017).</summary>
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
            [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00];

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => CreateForRSA(key, RSASignaturePadding.Pkcs1).PublicKey;
    }
}
