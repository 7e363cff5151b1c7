using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc weight NAME N</c>: members have another weight than the one that they announce.</summary>
internal static class WeightCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("weight", "Gives members another weight than they announce.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc weight asterisk-1 50 --etcd http://10.0.0.5:2379", "kamrpc weight asterisk-1 --reset --etcd http://10.0.0.5:2379"],
            (ExitCode.Done, "in force, and read back by every proxy; with --no-wait: written; with --dry-run: it is so already"),
            (ExitCode.NotDone, "written, and not applied by every proxy in time; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "etcd does not let the history be written, or an intent there cannot be read"),
            (ExitCode.Changes, "with --dry-run: it would be written")) { Subject = "What is weighed and shown" });
        WishCommand.AddTo(root, commands, command, IntentWish.Weigh);
    }
}
