using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Operate;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary>What the commands have in common by which an operator wishes something of members.</summary>
internal static class WishCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands, CliCommand command, IntentWish wish)
    {
        OperatorOptions.AddTo(command, wish);
        root.Add(command);
        commands.Add(command, (options, cancellationToken) =>
        {
            var request = OperatorOptions.Read(options, command, wish);
            return options.Fails(out var exitCode) ? Task.FromResult(exitCode) : OperatorRun.RunAsync(request, cancellationToken);
        });
    }
}
