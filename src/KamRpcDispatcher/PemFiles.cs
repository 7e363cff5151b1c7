using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher;

/// <summary>Reads PEM files; an <see cref="InvalidDataException"/> names the file and says what to do, and never what is in it.</summary>
internal static class PemFiles
{
    /// <summary>All certificates of a file, one at least.</summary>
    public static X509Certificate2Collection ReadCertificates(string file) => CertificatesOf(ReadText(file), file);

    /// <summary>The same of a text that a file has in it.</summary>
    public static X509Certificate2Collection CertificatesOf(string text, string file)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException damaged)
        {
            throw new InvalidDataException($"a certificate in '{file}' is damaged ({damaged.Message}); write the file anew", damaged);
        }

        return certificates.Count > 0
            ? certificates
            : throw new InvalidDataException($"'{file}' has no certificate in PEM; it has to begin with -----BEGIN CERTIFICATE----- (openssl x509 -inform der makes one of DER)");
    }

    /// <summary>Our certificate, its key, and the certificates between it and its authority.</summary>
    public static SslStreamCertificateContext ReadIdentity(string certificateFile, string keyFile) => IdentityOf(ReadText(certificateFile), ReadText(keyFile), certificateFile, keyFile);

    /// <summary>The same of texts that files have in them.</summary>
    public static SslStreamCertificateContext IdentityOf(string certificateText, string key, string certificateFile, string keyFile)
    {
        var certificates = CertificatesOf(certificateText, certificateFile);
        CheckLabel(keyFile, key);
        try
        {
            using var publicPart = certificates[0];
            var own = X509Certificate2.CreateFromPem(publicPart.ExportCertificatePem(), key);
            certificates.RemoveAt(0);
            return SslStreamCertificateContext.Create(own, certificates, offline: true);
        }
        catch (Exception mismatched) when (mismatched is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"the key in '{keyFile}' is not that of the first certificate in '{certificateFile}', or damaged; give the two that belong together", mismatched);
        }
    }

    /// <summary>A file as a text, or why that cannot be had.</summary>
    public static string ReadText(string file)
    {
        try
        {
            return NamedFile.ReadText(file);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"there is no file '{file}'", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException($"'{file}' cannot be read ({exception.Message}); give it to the user that kamrpc runs as", exception);
        }
    }

    private static void CheckLabel(string file, string text)
    {
        const string KeyLabel = "PRIVATE KEY";
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var label = rest[fields.Label];
            if (label.StartsWith("ENCRYPTED", StringComparison.Ordinal))
            {
                throw new InvalidDataException($"the key in '{file}' is encrypted, and nobody is there to be asked for its password; openssl pkey -in '{file}' writes it without one");
            }

            if (label.EndsWith(KeyLabel, StringComparison.Ordinal))
            {
                return;
            }

            rest = rest[fields.Location.End..];
        }

        throw new InvalidDataException($"'{file}' has no private key in PEM; it has to have a line -----BEGIN PRIVATE KEY-----, or one of EC or RSA");
    }
}
