using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc apply -f FILE</c>: drains, weights and splits are as a file declares them.</summary>
internal static class ApplyCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("apply", "Has drains, weights and splits be as a file declares them.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc apply -f site.json --dry-run --etcd http://10.0.0.5:2379", "kamrpc apply -f - --owner git --prune --etcd http://10.0.0.5:2379"],
            (ExitCode.Done, "as declared, and read back by every proxy; with --no-wait: written"),
            (ExitCode.NotDone, "written, and not applied by every proxy in time; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "somebody else has written it otherwise, calls would be lost, or could not be shared so: see the message"),
            (ExitCode.Changes, "with --dry-run: there is something to write")) { Subject = "What is declared and shown" });
        ApplyOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, (options, cancellationToken) =>
        {
            var request = ApplyOptions.Read(options, command);
            return options.Fails(out var exitCode) ? Task.FromResult(exitCode) : ApplyRun.RunAsync(request, cancellationToken);
        });
    }
}
