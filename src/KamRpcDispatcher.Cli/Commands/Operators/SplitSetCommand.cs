using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc split SET LABEL=VALUE:SHARE...</c>: the calls of a set are shared by a label, for a canary or blue/green.</summary>
internal static class SplitSetCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("split", "Shares a set's calls by a label (canary, blue/green).", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc split 1 ver=v1:95% ver=v2:5% --etcd http://10.0.0.5:2379", "kamrpc split 1 --clear --etcd http://10.0.0.5:2379"],
            (ExitCode.Done, "split, or not any more, and read back by every proxy; with --no-wait: written; with --dry-run: it is so already"),
            (ExitCode.NotDone, "written, and not applied by every proxy in time; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "calls would be lost, or could not be shared so: see the message"),
            (ExitCode.Changes, "with --dry-run: it would be written")) { Subject = "What is shared and shown" });
        SplitOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, (options, cancellationToken) =>
        {
            var request = SplitOptions.Read(options, command);
            return options.Fails(out var exitCode) ? Task.FromResult(exitCode) : request.IsShown ? SharesRun.RunAsync(request, cancellationToken) : SplitRun.RunAsync(request, cancellationToken);
        });
    }
}
