using System.Globalization;
using System.Text;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using KamailioRpc.Transports;

namespace KamailioRpc;

/// <summary>How a client calls Kamailio. What is not set has the value shown here.</summary>
public sealed record RpcClientOptions
{
    private const string RuntimeDirectory = "RUNTIME_DIRECTORY";

    /// <summary>
    /// How long sending a request and its reply may take; after it the call ends with <see cref="KamailioTimeoutException"/>. A connection that has to be made first may
    /// take as long again, and ends with <see cref="KamailioUnreachableException"/>.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a reply is waited for before the call is sent once more, and then after twice as long again, until <see cref="Timeout"/>: over datagrams, and only what does
    /// no harm twice (<see cref="RepeatableCalls"/>). Null for never. Kamailio drops a reply for which its send buffer has no room at the moment, since another
    /// client has not fetched a long one yet.
    /// </summary>
    public TimeSpan? RepeatAfter { get; init; }

    /// <summary>How many calls may be under way at a time; others wait for their turn. Two at once are two writers to Kamailio's tables. Over HTTPS always one.</summary>
    public int MaxConcurrentCalls { get; init; } = 1;

    /// <summary>How many calls may wait for their turn; one more ends with <see cref="KamailioUnreachableException"/> at once.</summary>
    public int MaxWaitingCalls { get; init; } = 1024;

    /// <summary>The longest reply taken, in bytes; a longer one is a <see cref="KamailioMalformedReplyException"/>.</summary>
    public int MaxReplyLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>For Unix datagrams: a directory of ours for the sockets that Kamailio replies to. Kamailio's user must be able to enter it; made when missing.</summary>
    public string ReplyDirectory { get; init; } = DefaultReplyDirectory();

    /// <summary>
    /// Taken where that one is not there any more and cannot be made: systemd removes its runtime directory when any unit that names it stops, and makes none for one that runs.
    /// Null for none.
    /// </summary>
    public string? SpareReplyDirectory { get; init; } = Environment.GetEnvironmentVariable(RuntimeDirectory) is { Length: > 0 }
        ? DefaultReplyDirectory(static name => name == RuntimeDirectory ? null : Environment.GetEnvironmentVariable(name), Environment.IsPrivilegedProcess, Environment.UserName)
        : null;

    /// <summary>For FIFOs: Kamailio's <c>fifo_reply_dir</c>.</summary>
    public string FifoReplyDirectory { get; init; } = "/tmp";

    /// <summary>For HTTPS: a PEM file with the certificates to trust; null for those that the system trusts.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Whether it is found out who is there, where nobody has ever answered at an address of IP as he is asked: a SIP server, or RPC in another form.
    /// That takes up to three seconds more, and connections of its own, one after another.
    /// </summary>
    public bool NamesStrangers { get; init; }

    /// <summary>Answers null, or what is wrong with a directory for reply sockets.</summary>
    public static string? CheckReplyDirectory(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return CheckAbsolute(path)
            ?? (Transports.ReplyDirectory.FileAt(path) is { } file ? $"'{path}' cannot be made, since {file} is a file: name a directory" : null)
            ?? (Encoding.UTF8.GetByteCount(path) > ReplySocket.LongestDirectory
                ? $"'{path}' is longer than {ReplySocket.LongestDirectory} bytes: a Unix socket in it would have a path longer than {KamailioAddress.MaxPathLength}"
                : null);
    }

    /// <summary>Makes a directory for reply sockets, unless it is there; answers null, or why it is not there, or not to be trusted with a socket.</summary>
    public static string? MakeReplyDirectory(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            Transports.ReplyDirectory.Open(path, isMade: true).Dispose();
            return null;
        }
        catch (IOException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>Answers null, or what is wrong with a directory for reply FIFOs or sockets: Kamailio opens them from where it is.</summary>
    public static string? CheckAbsolute(string path) => Path.IsPathRooted(path) ? null : $"'{path}' is not an absolute path";

    /// <summary>systemd's runtime directory; /run/kamrpc as root; else one of the user's own.</summary>
    public static string DefaultReplyDirectory() => DefaultReplyDirectory(Environment.GetEnvironmentVariable, Environment.IsPrivilegedProcess, Environment.UserName);

    internal static string DefaultReplyDirectory(Func<string, string?> variable, bool isRoot, string user)
    {
        if (variable(RuntimeDirectory)?.Split(':') is [{ Length: > 0 } given, ..])
        {
            return given;
        }

        if (isRoot)
        {
            return "/run/kamrpc";
        }

        // A user's runtime directory is shut to everybody else as a rule, and so to a Kamailio of another user.
        return variable("XDG_RUNTIME_DIR") is ['/', ..] runtime && Posix.StatusAt(runtime) is { } status && status.Mode.HasFlag(UnixFileMode.OtherExecute)
            ? Path.Combine(runtime, "kamrpc")
            : Path.Combine(Path.GetTempPath(), $"kamrpc-{(user.Length > 0 && user.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? user : Posix.EffectiveUser().ToString(CultureInfo.InvariantCulture))}");
    }
}
