using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc proxy drain|resume PROXY...</c>: proxies ask their VIPs to leave before a maintenance, until that is taken back.</summary>
internal static class ProxyCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("proxy", "Has proxies ask their VIPs to leave: 'kamrpc health' fails there.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc proxy drain edge-1 --etcd http://10.0.0.5:2379", "kamrpc proxy resume edge-1 --etcd http://10.0.0.5:2379"],
            (ExitCode.Done, "drained or resumed, and each of them follows it; with --no-wait: written"),
            (ExitCode.NotDone, "written, and not followed by each of them in time, or one does not report; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "no proxy would be left that is not drained, somebody else has drained one that is to be resumed, or etcd does not let the history be written"),
            (ExitCode.Changes, "with --dry-run: it would be written")) { Subject = "What is drained and shown" });
        OperatorOptions.AddProxiesTo(command);
        root.Add(command);
        commands.Add(command, (options, cancellationToken) =>
        {
            var request = OperatorOptions.ReadProxies(options, command);
            return options.Fails(out var exitCode) ? Task.FromResult(exitCode) : OperatorRun.RunAsync(request, cancellationToken);
        });
    }
}
