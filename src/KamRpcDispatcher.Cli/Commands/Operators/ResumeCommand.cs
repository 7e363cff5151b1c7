using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc resume NAME...</c>: takes a drain back.</summary>
internal static class ResumeCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("resume", "Takes a drain back: members are again what they announce.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc resume asterisk-1 --etcd http://10.0.0.5:2379", "kamrpc resume --label zone=a --etcd http://10.0.0.5:2379 -o json"],
            (ExitCode.Done, "resumed, and read back by every proxy, or nobody was drained; with --no-wait: written"),
            (ExitCode.NotDone, "written, and not applied by every proxy in time; or not written, since the cluster keeps changing"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "somebody else has drained one of them, or etcd does not let the history be written"),
            (ExitCode.Changes, "with --dry-run: it would be written")) { Subject = "What is resumed and shown" });
        WishCommand.AddTo(root, commands, command, IntentWish.Resume);
    }
}
