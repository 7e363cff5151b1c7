using System.CommandLine;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary>The options of every command that uses etcd. No secret is among them: arguments are seen by everybody on the machine.</summary>
internal static class EtcdOptions
{
    private static readonly Option<string[]> Etcd = CommonOptions.Texts("--etcd", $"etcd's endpoints, separated by commas or one an option; https:// for TLS. [default: {EtcdEndpoints.Default}]");
    private static readonly Option<string?> CertificateAuthority = CommonOptions.Text("--etcd-ca", "With https: a PEM file with the certificates to trust. [default: those that the system trusts]");
    private static readonly Option<string?> Certificate = CommonOptions.Text("--etcd-cert", "With https: a PEM file with the certificate to show to etcd.");
    private static readonly Option<string?> Key = CommonOptions.Text("--etcd-key", "With --etcd-cert: a PEM file with its private key.");
    private static readonly Option<string?> User = CommonOptions.Text("--etcd-user", "etcd's user.");
    private static readonly Option<string?> PasswordFile = CommonOptions.Text("--etcd-password-file", "With --etcd-user: a regular file with the password, which its owner only should be able to read.");

    public static void AddTo(Command command) => CommonOptions.Add(command, Etcd, CertificateAuthority, Certificate, Key, User, PasswordFile);

    /// <summary>How etcd is reached; null when an option is wrong.</summary>
    public static EtcdConnection? Read(OptionReader options)
    {
        var given = options.Texts(Etcd);
        if (!EtcdEndpoints.TryParse(given.Count > 0 ? string.Join(',', given) : EtcdEndpoints.Default, out var endpoints, out var wrong))
        {
            options.Add(Etcd, wrong);
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

        var connection = new EtcdConnection(endpoints!)
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

    private static Option<string?> OptionOf(string property) => property switch
    {
        nameof(EtcdConnection.CertificateAuthorityFile) => CertificateAuthority,
        nameof(EtcdConnection.CertificateFile) => Certificate,
        nameof(EtcdConnection.KeyFile) => Key,
        _ => PasswordFile,
    };
}
