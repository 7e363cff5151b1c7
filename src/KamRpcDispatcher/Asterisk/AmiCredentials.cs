namespace KamRpcDispatcher.Asterisk;

/// <summary>A user of manager.conf. Its rights: <c>read = system</c> (the events), <c>write = reporting</c> (the counts).</summary>
public sealed record AmiCredentials
{
    /// <exception cref="ArgumentException">One of them is empty or would break out of its line; the message says which, never what.</exception>
    public AmiCredentials(string user, string secret)
    {
        User = Checked(user, nameof(user));
        Secret = Checked(secret, nameof(secret));
    }

    public string User { get; }

    internal string Secret { get; }

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
