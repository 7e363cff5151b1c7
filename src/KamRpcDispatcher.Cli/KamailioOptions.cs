using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamailioRpc;

namespace KamRpcDispatcher.Cli;

/// <summary>The options of every command that calls Kamailio.</summary>
internal static class KamailioOptions
{
    private static readonly Option<string?> Kamailio = CommonOptions.Text("--kamailio", $"Where Kamailio listens for RPC, or 'auto' for the first of the usual sockets that answers. [default: {KamailioAddress.Default}]");
    private static readonly Option<string?> RpcTimeout = CommonOptions.Text("--rpc-timeout", "How long Kamailio may take to reply. [default: 1s]");
    private static readonly Option<string?> ReplyDirectory = CommonOptions.Text("--reply-dir", "With a Unix datagram socket: where the socket for Kamailio's replies is made; Kamailio's user must be able to enter it. [default: $RUNTIME_DIRECTORY, /run/kamrpc as root, else below $XDG_RUNTIME_DIR where others may pass through that, or $TMPDIR, else /tmp]");
    private static readonly Option<string?> FifoReplyDirectory = CommonOptions.Text("--fifo-reply-dir", "With a FIFO: Kamailio's fifo_reply_dir. [default: /tmp]");
    private static readonly Option<string?> CertificateAuthority = CommonOptions.Text("--kamailio-ca", "With https: a PEM file with the certificates to trust. [default: those that the system trusts]");

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
