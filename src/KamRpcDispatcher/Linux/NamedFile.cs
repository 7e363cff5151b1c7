using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KamRpcDispatcher.Linux;

/// <summary>
/// Reads a file that an operator names: a certificate, a password, a configuration. Links are followed, since that is how secrets are mounted;
/// what is no regular file is refused, since a FIFO has nobody who writes, and a device no end.
/// </summary>
public static class NamedFile
{
    /// <summary>More has no certificate and no password, in bytes.</summary>
    public const int MaxLength = 4 * 1024 * 1024;

    /// <summary>Null for a file that is there and can be read as one; otherwise a sentence that says what is wrong.</summary>
    public static string? WhyNot(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Length == 0 || FileStatus.Of(path) is not { } status ? $"there is no file '{path}'"
            : status.IsRegular ? null
            : NotRegular(path);
    }

    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is no regular file, or longer than it may be.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static string ReadText(string path) => Encoding.UTF8.GetString(ReadBytes(path, MaxLength)).TrimStart('\uFEFF');

    /// <summary>The same as it stands there, of up to so many bytes.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is no regular file, or longer than it may be.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static byte[] ReadBytes(string path, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var file = LibC.Open(path, LibC.ReadOnly | LibC.NonBlocking | LibC.CloseOnExec);
        if (file.IsInvalid)
        {
            throw LibC.LastError($"cannot open '{path}'");
        }

        return FileStatus.Of(file) is { IsRegular: true } ? ReadWhole(file, path, maxLength) : throw new IOException(NotRegular(path));
    }

    /// <summary>The same; null when there is no such file.</summary>
    /// <exception cref="IOException">It is no regular file, or longer than it may be.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static string? ReadTextOrNull(string path)
    {
        try
        {
            return ReadText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static string NotRegular(string path) => $"'{path}' is no regular file (a FIFO, a device or a directory)";

    /// <summary>To its end, since what it says of its length before is not true of every file system.</summary>
    private static byte[] ReadWhole(SafeFileHandle file, string path, int maxLength)
    {
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (RandomAccess.Read(file, buffer, content.Length) is var length and > 0)
        {
            content.Write(buffer, 0, length);
            if (content.Length > maxLength)
            {
                throw new IOException($"'{path}' is longer than {maxLength} bytes");
            }
        }

        return content.ToArray();
    }
}
