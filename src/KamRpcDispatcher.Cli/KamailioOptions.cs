using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamailioRpc;

namespace KamRpcDispatcher.Cli;

/// <summary>The options of every command that calls Kamailio.</summary>
internal static class KamailioOptions
{
    private static readonly Option<string?> Kamailio = CommonOptions.FileName("--kamailio", $"Where Kamailio listens for RPC: an address, a socket's path, or auto for the usual sockets. [default: {KamailioAddress.Default}]", OptionGroup.Needed, "auto", KamailioAddress.Default);
    private static readonly Option<string?> RpcTimeout = CommonOptions.Text("--rpc-timeout", "How long Kamailio may take to reply. [default: 1s]", OptionGroup.Timing);
    private static readonly Option<string?> ReplyDirectory = CommonOptions.DirectoryName("--reply-dir", "Where the socket for Kamailio's replies is made; its user must be able to enter it. [default: $RUNTIME_DIRECTORY; /run/kamrpc as root]", OptionGroup.Kamailio);
    private static readonly Option<string?> FifoReplyDirectory = CommonOptions.DirectoryName("--fifo-reply-dir", "With a FIFO: Kamailio's fifo_reply_dir. [default: /tmp]", OptionGroup.Kamailio);
    private static readonly Option<string?> CertificateAuthority = CommonOptions.FileName("--kamailio-ca", "With https: PEM, the certificates to trust. [default: those that the system trusts]", OptionGroup.Kamailio);

    public static void AddTo(Command command) => CommonOptions.Add(command, Kamailio, RpcTimeout, ReplyDirectory, FifoReplyDirectory, CertificateAuthority);

    /// <summary>The Kamailio to call; null when the option is wrong.</summary>
    public static KamailioTarget? Target(OptionReader options) => options.Value<KamailioTarget>(Kamailio, KamailioAddress.Default, KamailioTarget.TryParse);

    public static RpcClientOptions Rpc(OptionReader options) => new()
    {
        Timeout = options.Value<TimeSpan>(RpcTimeout, "1s", CommonOptions.Interval),
        ReplyDirectory = options.Value<string>(ReplyDirectory, RpcClientOptions.DefaultReplyDirectory(), ParseReplyDirectory)!,
        FifoReplyDirectory = options.Value<string>(FifoReplyDirectory, "/tmp", ParseDirectory)!,
        CertificateAuthorityFile = options.Value<string>(CertificateAuthority, null, CommonOptions.ExistingFile),
    };

    private static bool ParseReplyDirectory(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Checked(text, RpcClientOptions.CheckReplyDirectory, out value, out error);

    private static bool ParseDirectory(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Checked(text, RpcClientOptions.CheckAbsolute, out value, out error);
}
