using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Probe.Tls;

/// <summary>The authorities in a PEM file. It is read at every use, so that one that is renewed counts; while it cannot be read, the last ones do.</summary>
internal sealed class TrustedRoots(string file)
{
    private X509Certificate2Collection? _last;

    /// <summary>Null when the file can be used, otherwise a sentence that says why not.</summary>
    public static string? WhyNot(string file) => Read(file, out var error) is null ? error : null;

    /// <exception cref="InvalidDataException">The file cannot be used, and never could.</exception>
    public X509Certificate2Collection Load()
    {
        _last = Read(file, out var error) ?? _last;
        return _last ?? throw new InvalidDataException(error);
    }

    private static X509Certificate2Collection? Read(string file, out string? error)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(NamedFile.ReadText(file));
            error = roots.Count > 0 ? null : $"the CA file '{file}' holds no certificate";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            error = $"the CA file '{file}' cannot be read: {exception.Message}";
        }

        return error is null ? roots : null;
    }
}
