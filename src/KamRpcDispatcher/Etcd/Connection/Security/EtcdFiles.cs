namespace KamRpcDispatcher.Etcd.Connection.Security;

/// <summary>Reads the files of a connection that are no certificates; an <see cref="InvalidDataException"/> names the file and says what to do, and never what is in it.</summary>
internal static class EtcdFiles
{
    /// <summary>A password of one line; the newline at its end, which editors leave, is not part of it.</summary>
    public static string ReadPassword(string file)
    {
        var text = PemFiles.ReadText(file);
        var password = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
        return string.IsNullOrWhiteSpace(password) ? throw new InvalidDataException($"there is no password in '{file}'; write it into its first line")
            : password.AsSpan().ContainsAny('\n', '\r') ? throw new InvalidDataException($"'{file}' has more than one line; it may have the password only")
            : password;
    }
}
