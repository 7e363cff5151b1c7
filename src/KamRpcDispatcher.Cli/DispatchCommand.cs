using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Push.Rpc;
using KamRpcDispatcher.Reconcile;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli;

/// <summary><c>kamrpc dispatch</c>: beside a Kamailio, keeps its dispatcher sets equal to what is announced.</summary>
internal static class DispatchCommand
{
    private static readonly Option<string?> Kamailio = CommonOptions.Text("--kamailio", $"Kamailio's RPC socket. [default: {KamailioAddress.Default}]");
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to manage (repeatable). [default: every set]");
    private static readonly Option<string?> Proxy = CommonOptions.Text("--proxy", "This proxy's name in etcd. [default: the host's name]");
    private static readonly Option<string?> Gap = CommonOptions.Text("--gap", "The time between two structural changes (add, remove). [default: 100ms]");
    private static readonly Option<string?> Resync = CommonOptions.Text("--resync", "The longest time between two looks at Kamailio's list. [default: 1s]");
    private static readonly Option<string?> RpcTimeout = CommonOptions.Text("--rpc-timeout", "How long Kamailio may take to reply. [default: 1s]");
    private static readonly Option<string?> ReplyDirectory = CommonOptions.Text("--reply-dir", "Where the socket for Kamailio's replies is made; Kamailio's user must be able to enter it. [default: $RUNTIME_DIRECTORY, /run/kamrpc as root, else below $XDG_RUNTIME_DIR or /tmp]");

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new Command("dispatch", "Keeps Kamailio's dispatcher sets equal to the announced servers.")
        {
            CommonOptions.Etcd, CommonOptions.Cluster, Kamailio, Set, Proxy, Gap, Resync, RpcTimeout, ReplyDirectory, CommonOptions.LogLevel,
        };
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var endpoints = options.Value<EtcdEndpoints>(CommonOptions.Etcd, EtcdEndpoints.Default, EtcdEndpoints.TryParse);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var kamailio = options.Value<KamailioAddress>(Kamailio, KamailioAddress.Default, KamailioAddress.TryParse);
        var sets = ReadSets(options);
        var proxy = options.Value<string>(Proxy, Dns.GetHostName(), CommonOptions.Name);
        var gap = options.Value<TimeSpan>(Gap, "100ms", ParseGap);
        var resync = options.Value<TimeSpan>(Resync, "1s", ParseInterval);
        var rpcTimeout = options.Value<TimeSpan>(RpcTimeout, "1s", ParseInterval);
        var level = options.Value<LogLevel>(CommonOptions.LogLevel, "information", CommonOptions.Level);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var logs = Logs.Create(level);
        var daemon = new DispatcherDaemon(
            new DispatcherOptions(endpoints!, cluster!, kamailio!, proxy!)
            {
                Sets = sets,
                Gap = gap,
                RpcTimeout = rpcTimeout,
                ReplyDirectory = options.Text(ReplyDirectory) ?? DispatcherOptions.DefaultReplyDirectory(),
                Reconciler = new ReconcilerOptions { Resync = resync },
            },
            TimeProvider.System,
            logs);
        await daemon.RunAsync(cancellationToken).ConfigureAwait(false);
        return ExitCode.Done;
    }

    private static HashSet<int>? ReadSets(OptionReader options)
    {
        var sets = new HashSet<int>();
        foreach (var text in options.Texts(Set).SelectMany(static texts => texts.Split(',')))
        {
            if (CommonOptions.SetNumber(text, out var set, out var error))
            {
                sets.Add(set);
            }
            else
            {
                options.Add(Set, error);
            }
        }

        return sets.Count > 0 ? sets : null;
    }

    private static bool ParseGap(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromMinutes(1), out value, out error);

    private static bool ParseInterval(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(5), out value, out error);
}
