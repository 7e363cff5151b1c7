using KamRpcDispatcher.Linux;

namespace KamRpcDispatcher.Asterisk;

/// <summary>A user of manager.conf. Its rights: <c>read = system</c> (the events), <c>write = reporting</c> (the counts), <c>write = system</c> (maintenance mode).</summary>
public sealed record AmiCredentials
{
    private readonly Func<string>? _read;
    private string _secret;

    /// <exception cref="ArgumentException">One of them is empty or would break out of its line; the message says which, never what.</exception>
    public AmiCredentials(string user, string secret)
    {
        User = Checked(user, nameof(user));
        _secret = Checked(secret, nameof(secret));
    }

    private AmiCredentials(string user, Func<string> read)
        : this(user, read()) => _read = read;

    public string User { get; }

    /// <summary>As its file has it now; while that cannot be used, what it was before.</summary>
    internal string Secret
    {
        get
        {
            try
            {
                return _secret = _read is null ? _secret : Checked(_read(), "secret");
            }
            catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
            {
                return _secret;
            }
        }
    }

    /// <summary>With a secret that is read again for each login, so that it can be changed.</summary>
    /// <exception cref="ArgumentException">One of them is empty or would break out of its line; the message says which, never what.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be read.</exception>
    public static AmiCredentials FromFile(string user, string secretFile) => new(user, () => NamedFile.ReadText(secretFile).TrimEnd('\r', '\n'));

    /// <summary>Without the secret: this is what gets into logs.</summary>
    public override string ToString() => User;

    private static string Checked(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        return text.Length == 0 ? throw new ArgumentException($"The AMI {name} is empty.", name)
            : text.Any(char.IsControl) ? throw new ArgumentException($"The AMI {name} has a line break or another control character in it.", name)
            : text;
    }
}
