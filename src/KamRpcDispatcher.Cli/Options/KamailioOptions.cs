using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamailioRpc;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>The options of every command that calls Kamailio.</summary>
internal static class KamailioOptions
{
    /// <summary>Longer than an answer takes, but that of a Kamailio without a processor to itself; then a call more or two does no harm.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromMilliseconds(100);

    private static readonly ValueOption<KamailioTarget> Kamailio = new("--kamailio", "Where Kamailio listens for RPC: an address, a socket's path, or auto for the usual sockets.", KamailioAddress.Default, KamailioTarget.TryParse, OptionGroup.Needed, "auto", KamailioAddress.Default) { Kind = ValueKind.File };
    private static readonly ValueOption<TimeSpan> RpcTimeout = new("--rpc-timeout", "How long Kamailio may take to reply.", "1s", CommonOptions.Interval, OptionGroup.Timing);
    private static readonly Option<string?> ReplyDirectory = CommonOptions.DirectoryName("--reply-dir", "Where the socket for Kamailio's replies is made; its user must be able to enter it. [default: $RUNTIME_DIRECTORY; /run/kamrpc as root]", OptionGroup.Kamailio);
    private static readonly ValueOption<string> FifoReplyDirectory = new("--fifo-reply-dir", "With a FIFO: Kamailio's fifo_reply_dir.", "/tmp", ParseDirectory, OptionGroup.Kamailio) { Kind = ValueKind.Directory };
    private static readonly Option<string?> CertificateAuthority = CommonOptions.FileName("--kamailio-ca", "With https: a PEM file of whom to trust. [default: the system's]", OptionGroup.Kamailio);

    public static void AddTo(Command command) => CommonOptions.Add(command, Kamailio, RpcTimeout, ReplyDirectory, FifoReplyDirectory, CertificateAuthority);

    /// <summary>The option of commands that ask a dispatcher alone.</summary>
    public static void AddReplyDirectory(Command command) => command.Add(ReplyDirectory);

    /// <summary>Where the dispatcher of this machine may answer, for commands that do not call Kamailio.</summary>
    public static IReadOnlyList<string> DispatcherDirectories(OptionReader options)
    {
        var directory = options.Value<string>(ReplyDirectory, RpcClientOptions.DefaultReplyDirectory(), ParseReplyDirectory);
        return directory is null ? [] : options.Text(ReplyDirectory) is null ? StatusPlace.Usual(directory) : [directory];
    }

    /// <summary>Where the dispatcher of this machine may answer: in the directory that is given, else in the usual ones.</summary>
    public static IReadOnlyList<string> DispatcherDirectories(OptionReader options, RpcClientOptions rpc) =>
        options.Text(ReplyDirectory) is null ? StatusPlace.Usual(rpc.ReplyDirectory) : [rpc.ReplyDirectory];

    /// <summary>The Kamailio to call; null when the option is wrong.</summary>
    public static KamailioTarget? Target(OptionReader options) => options.Value(Kamailio);

    public static RpcClientOptions Rpc(OptionReader options) => new()
    {
        Timeout = options.Value(RpcTimeout),
        ReplyDirectory = options.Value<string>(ReplyDirectory, RpcClientOptions.DefaultReplyDirectory(), ParseReplyDirectory)!,
        FifoReplyDirectory = options.Value(FifoReplyDirectory)!,
        CertificateAuthorityFile = options.Value<string>(CertificateAuthority, null, CommonOptions.ExistingFile),
        RepeatAfter = RepeatAfter,
        NamesStrangers = true,
    };

    private static bool ParseReplyDirectory(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Checked(text, RpcClientOptions.CheckReplyDirectory, out value, out error);

    private static bool ParseDirectory(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Checked(text, RpcClientOptions.CheckAbsolute, out value, out error);
}
