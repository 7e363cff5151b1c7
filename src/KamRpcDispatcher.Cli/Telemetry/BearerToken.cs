using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Telemetry;

/// <summary>A token that whoever asks over HTTP has to show, from a file that is read again on SIGHUP.</summary>
internal sealed class BearerToken
{
    private const string Scheme = "Bearer ";
    private const int Shortest = 16;
    private const int Longest = 1024;

    private readonly string _file;
    private volatile byte[] _digest;

    private BearerToken(string file, byte[] digest) => (_file, _digest) = (file, digest);

    /// <summary>Reads the file for the first time.</summary>
    public static bool TryRead(string file, [NotNullWhen(true)] out BearerToken? token, [NotNullWhen(false)] out string? error)
    {
        (var digest, error) = Read(file);
        token = digest is null ? null : new BearerToken(file, digest);
        return token is not null;
    }

    /// <summary>Reads it again; what cannot be used changes nothing.</summary>
    /// <returns>Why it cannot be used; null where it can.</returns>
    public string? ReadAgain()
    {
        var (digest, error) = Read(_file);
        _digest = digest ?? _digest;
        return error;
    }

    /// <summary>Whether a header shows it, in a time that does not depend on how much of it is right.</summary>
    public bool IsShownBy(string? header) =>
        header is not null && header.Length <= Scheme.Length + Longest && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Digest(header[Scheme.Length..].Trim()), _digest);

    private static (byte[]? Digest, string? Error) Read(string file)
    {
        try
        {
            var text = File.ReadAllText(file).Trim();
            return text.Length is < Shortest or > Longest ? (null, $"the token in '{SafeText.Shorten(file)}' has {text.Length} characters, not {Shortest} to {Longest}; make one with: openssl rand -hex 32")
                : text.AsSpan().ContainsAnyExceptInRange('!', '~') ? (null, $"the token in '{SafeText.Shorten(file)}' has a blank, a line end or a character outside ASCII")
                : (Digest(text), null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (null, $"'{SafeText.Shorten(file)}' cannot be read: {exception.Message}");
        }
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
