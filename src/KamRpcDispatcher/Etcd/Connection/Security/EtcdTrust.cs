using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>Whether etcd's certificate is to be trusted, by the rules that etcdctl goes by.</summary>
/// <remarks>
/// They differ from .NET's in three: whatever is in the file of authorities is trusted, also an authority that another one signed, or the server's own
/// certificate; the subject's common name is no name; and a signature with MD5 or SHA-1 counts for nothing.
/// </remarks>
/// <param name="host">The name or address that it must be for.</param>
/// <param name="authorities">Null for those that the system trusts.</param>
internal sealed class EtcdTrust(string host, X509Certificate2Collection? authorities)
{
    /// <summary>What etcdctl does not ask for, or the file of authorities makes up for.</summary>
    private const X509ChainStatusFlags Anchored =
        X509ChainStatusFlags.NoError | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation;

    private const int MostNames = 5;

    /// <summary>Why the certificate was refused; null when it was not.</summary>
    public string? Refusal { get; private set; }

    public bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        Refusal = certificate is not X509Certificate2 own || chain is null ? "it shows no certificate" : WhyUntrusted(own, chain) ?? WhyAnother(own);
        return Refusal is null;
    }

    private string? WhyUntrusted(X509Certificate2 own, X509Chain chain)
    {
        foreach (var element in chain.ChainElements)
        {
            var wrong = element.ChainElementStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, status) => all | status.Status) & ~Anchored;
            if (wrong != X509ChainStatusFlags.NoError)
            {
                return Explain(element.Certificate, wrong);
            }

            if (authorities is not null && authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)))
            {
                return null;
            }

            if (IsWeaklySigned(element.Certificate))
            {
                return $"the certificate of {Show(element.Certificate.Subject)} is signed with {element.Certificate.SignatureAlgorithm.FriendlyName ?? "MD5 or SHA-1"}, which proves nothing any more; issue one that is signed with SHA-256";
            }
        }

        var all = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, status) => all | status.Status);
        return authorities is null && (all & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot)) == X509ChainStatusFlags.NoError && chain.ChainElements.Count > 0
            ? null
            : $"its certificate was issued by {Show(Last(chain, own).Issuer)}, which {(authorities is null ? "this system does not trust; --etcd-ca names a file with the certificate to trust" : "is not in the file of --etcd-ca")}; if there are authorities between the two, etcd has to send their certificates, or the file has to have them";
    }

    /// <summary>With MD5 or SHA-1, which Go does not take either; of what signs itself the signature says nothing anyway.</summary>
    private static bool IsWeaklySigned(X509Certificate2 certificate) =>
        certificate.SignatureAlgorithm.Value is "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1"
        && !certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);

    private static X509Certificate2 Last(X509Chain chain, X509Certificate2 own) => chain.ChainElements.Count > 0 ? chain.ChainElements[^1].Certificate : own;

    private static string Explain(X509Certificate2 certificate, X509ChainStatusFlags wrong)
    {
        var which = $"the certificate of {Show(certificate.Subject)}";
        return wrong.HasFlag(X509ChainStatusFlags.NotTimeValid)
            ? certificate.NotAfter < DateTime.Now
                ? $"{which} has expired at {Utc(certificate.NotAfter)}; renew it, or correct this host's clock"
                : $"{which} is not valid before {Utc(certificate.NotBefore)}; correct the clock of this host, or of who issued it"
            : wrong.HasFlag(X509ChainStatusFlags.NotValidForUsage)
                ? $"{which} is not for servers (extended key usage); issue one with serverAuth"
                : $"{which} is not to be trusted ({wrong})";
    }

    private string? WhyAnother(X509Certificate2 own)
    {
        // "::ffff:10.0.0.1" is 10.0.0.1, as Go has it.
        var name = IPAddress.TryParse(host, out var address) && address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : host;
        if (own.MatchesHostname(name, allowWildcards: true, allowCommonName: false))
        {
            return null;
        }

        List<string> names = [.. own.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(static alternatives => alternatives.EnumerateDnsNames().Concat(alternatives.EnumerateIPAddresses().Select(static ip => ip.ToString())))];
        return address is not null && names.Contains(name)
            ? $"its certificate has '{name}' as a DNS name, and an address counts only as an IP address among the subject alternative names; issue one with IP:{name}"
            : names.Count == 0
            ? $"its certificate names no host (a common name alone does not count); issue one with '{name}' among the subject alternative names"
            : $"its certificate is for {string.Join(", ", names.Take(MostNames).Select(static other => SafeText.Shorten(other)))}{(names.Count > MostNames ? " and others" : string.Empty)}, not for '{name}'; reach etcd by one of these, or issue a certificate with '{name}' among its subject alternative names";
    }

    private static string Utc(DateTime local) => local.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Show(string name) => $"'{SafeText.Shorten(name)}'";
}
