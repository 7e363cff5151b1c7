using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Rollouts;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc rollout ACTION [SET]</c>: a set goes over to another value of a label, step by step or at once, and back.</summary>
internal static class RolloutCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("rollout", "Moves a set's calls to another version, or restarts it.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc rollout canary 1 --label version --to v2 --gate ./check.sh", "kamrpc rollout rolling 1 --drain-time 10m --exec ./restart.sh"],
            (ExitCode.Done, "done, and read back by every proxy; what was asked of another runner: written"),
            (ExitCode.NotDone, "gone back since the gate said no, aborted, paused or taken over; members were gone when their turn came; not applied by every proxy in time; status: one cannot be read, or nobody runs it"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "the set has a rollout, or a split by another label; too few are ready; or it cannot be done to the rollout as it is"),
            (ExitCode.Changes, "with --dry-run: it would begin")) { Subject = "What is rolled out and shown" });
        RolloutOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, (options, cancellationToken) =>
        {
            var ask = RolloutOptions.Read(options, command);
            return options.Fails(out var exitCode) ? Task.FromResult(exitCode) : RolloutRun.RunAsync(ask, cancellationToken);
        });
    }
}
