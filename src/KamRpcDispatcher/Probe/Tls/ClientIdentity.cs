using System.Net.Security;

namespace KamRpcDispatcher.Probe.Tls;

/// <summary>A certificate to show, and its key, in PEM files. They are read at every use, so that those that are renewed count; while they cannot be read, the last ones do.</summary>
internal sealed class ClientIdentity(string certificateFile, string keyFile)
{
    private SslStreamCertificateContext? _last;

    /// <summary>Null when the files can be used, otherwise a sentence that says why not.</summary>
    public static string? WhyNot(string certificateFile, string keyFile)
    {
        try
        {
            PemFiles.ReadIdentity(certificateFile, keyFile);
            return null;
        }
        catch (InvalidDataException wrong)
        {
            return wrong.Message;
        }
    }

    /// <exception cref="InvalidDataException">The files cannot be used, and never could.</exception>
    public SslStreamCertificateContext Load()
    {
        try
        {
            return _last = PemFiles.ReadIdentity(certificateFile, keyFile);
        }
        catch (InvalidDataException) when (_last is not null)
        {
            return _last;
        }
    }
}
