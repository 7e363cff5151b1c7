using System.CommandLine;
using KamRpcDispatcher.Etcd.Connection;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>The options of every command that uses etcd. No secret is among them: arguments are seen by everybody on the machine.</summary>
internal static class EtcdOptionSet
{
    private static readonly Option<string[]> Etcd = CommonOptions.Texts("--etcd", $"etcd's endpoints, separated by commas (or repeatable); https:// for TLS. [default: {EtcdEndpoints.Default}]", OptionGroup.Needed);
    private static readonly Option<string?> CertificateAuthority = CommonOptions.FileName("--etcd-ca", "With https: a PEM file of whom to trust. [default: the system's]", OptionGroup.Etcd);
    private static readonly Option<string?> Certificate = CommonOptions.FileName("--etcd-cert", "With https: a PEM file, the certificate to show to etcd.", OptionGroup.Etcd);
    private static readonly Option<string?> Key = CommonOptions.FileName("--etcd-key", "With --etcd-cert: a PEM file, its private key.", OptionGroup.Etcd);
    private static readonly Option<string?> User = CommonOptions.Text("--etcd-user", "etcd's user.", OptionGroup.Etcd);
    private static readonly Option<string?> PasswordFile = CommonOptions.FileName("--etcd-password-file", "With --etcd-user: a file with the password, mode 600.", OptionGroup.Etcd);

    public static void AddTo(Command command) => CommonOptions.Add(command, Etcd, CertificateAuthority, Certificate, Key, User, PasswordFile);

    /// <summary>How etcd is reached; null when an option is wrong.</summary>
    public static EtcdOptions? Read(OptionReader options)
    {
        var given = options.Texts(Etcd);
        if (!EtcdEndpoints.TryParse(given.Count > 0 ? string.Join(',', given) : EtcdEndpoints.Default, out var endpoints, out var wrong))
        {
            options.Add(Etcd, wrong);
        }

        foreach (var (port, owner) in (endpoints?.Each() ?? []).Select(static endpoint => new Uri(endpoint.ToString()).Port).Distinct().Select(static port => (port, OwnerOf(port))))
        {
            if (owner is not null)
            {
                // Whoever listens there may not even answer.
                Console.Error.WriteLine($"kamrpc: warning: {Etcd.Name}: {port} is the port of {owner} as a rule, and etcd's is {EtcdEndpoints.DefaultPort}");
            }
        }

        if (endpoints is { IsSecure: false })
        {
            foreach (var option in new[] { CertificateAuthority, Certificate, Key }.Where(option => options.Text(option) is not null))
            {
                options.Add(option, $"goes with TLS; write https:// before the endpoints of {Etcd.Name}");
            }
        }

        CommonOptions.Together(options, Certificate, Key);
        CommonOptions.Together(options, User, PasswordFile);
        if (options.Text(User) is { Length: 0 })
        {
            options.Add(User, "is empty");
        }

        var connection = new EtcdOptions(endpoints!)
        {
            CertificateAuthorityFile = options.Value<string>(CertificateAuthority, null, CommonOptions.ExistingFile),
            CertificateFile = options.Value<string>(Certificate, null, CommonOptions.ExistingFile),
            KeyFile = options.Value<string>(Key, null, CommonOptions.ExistingFile),
            User = options.Text(User),
            PasswordFile = options.Value<string>(PasswordFile, null, CommonOptions.ExistingFile),
        };
        foreach (var (property, error) in connection.Check())
        {
            options.Add(OptionOf(property), error);
        }

        CommonOptions.WarnIfPublic(Key, connection.KeyFile);
        CommonOptions.WarnIfPublic(PasswordFile, connection.PasswordFile);
        return endpoints is null ? null : connection;
    }

    /// <summary>Whether somebody says where etcd is, by an option or a variable.</summary>
    public static bool IsGiven(OptionReader options) => options.Texts(Etcd).Count > 0;

    /// <summary>Says of each of its options that was given why it is of no use. A variable may be there for other commands.</summary>
    public static void Refuse(OptionReader options, string reason)
    {
        if (options.Texts(Etcd).Count > 0 && !options.IsVariable(Etcd))
        {
            options.Add(Etcd, reason);
        }

        foreach (var option in new[] { CertificateAuthority, Certificate, Key, User, PasswordFile }.Where(option => options.Text(option) is not null && !options.IsVariable(option)))
        {
            options.Add(option, reason);
        }
    }

    private static string? OwnerOf(int port) => port switch
    {
        2380 => "etcd's peers",
        5038 => "Asterisk's manager interface",
        5060 or 5061 => "SIP",
        8088 or 8089 => "Asterisk's HTTP server",
        _ => null,
    };

    private static Option<string?> OptionOf(string property) => property switch
    {
        nameof(EtcdOptions.CertificateAuthorityFile) => CertificateAuthority,
        nameof(EtcdOptions.CertificateFile) => Certificate,
        nameof(EtcdOptions.KeyFile) => Key,
        _ => PasswordFile,
    };
}
