using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc drain NAME...</c>: members get no new calls, whatever is restarted, until that is taken back.</summary>
internal static class DrainCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("drain", "Has members get no new calls until they are resumed.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc drain asterisk-1 --until-idle --etcd http://10.0.0.5:2379", "kamrpc drain --label zone=a --min-ready 50% --etcd http://10.0.0.5:2379"],
            (ExitCode.Done, "drained, and read back by every proxy; with --no-wait: written; with --until-idle: no calls are up"),
            (ExitCode.NotDone, "written, and not applied by every proxy in time; or calls are up then, or may be; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "too few ready members would be left (--min-ready), or etcd does not let the history be written"),
            (ExitCode.Changes, "with --dry-run: it would be written")) { Subject = "What is drained and shown" });
        WishCommand.AddTo(root, commands, command, IntentWish.Drain);
    }
}
