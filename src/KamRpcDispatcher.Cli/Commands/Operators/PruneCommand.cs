using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc prune</c>: deletes what operators, dispatchers and announcers have left in etcd of members and sets that are gone.</summary>
internal static class PruneCommand
{
    private static readonly ValueOption<TimeSpan> OlderThan = new("--older-than", "What is younger stays: who is restarted keeps its drain.", "24h", ParseAge, OptionGroup.Subject);
    private static readonly Option<bool> DryRun = new CliOption<bool>("--dry-run") { Group = OptionGroup.Subject, Description = "Says what it would delete, and deletes nothing." };
    private static readonly Option<bool> Yes = new CliOption<bool>("--yes") { Group = OptionGroup.Subject, Description = "Deletes without asking. Without it nothing is deleted but by an answer at a terminal." };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("prune", "Deletes what is left in etcd of members and sets that are gone.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc prune --dry-run --etcd http://10.0.0.5:2379", "kamrpc prune --yes --older-than 720h --etcd http://10.0.0.5:2379 -o json"],
            (ExitCode.Done, "deleted, or there is nothing to delete"),
            (ExitCode.NotDone, "not deleted, or not all of it: it has changed meanwhile, or the answer at the terminal was no"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "etcd does not let the history be written"),
            (ExitCode.Changes, "there is something to delete, and nothing was: --dry-run, or neither --yes nor a terminal")) { Subject = "What is deleted and shown" })
        {
            OlderThan, DryRun, Yes, OutputOption.Output, CommonOptions.Cluster,
        };
        OperatorOptions.AddWhoTo(command);
        EtcdOptionSet.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var (by, reason) = OperatorOptions.ReadWho(options);
        var age = options.Value(OlderThan);
        var (isDryRun, isSure) = (options.Flag(DryRun), options.Flag(Yes));
        if (isDryRun && isSure && !options.IsVariable(DryRun) && !options.IsVariable(Yes))
        {
            options.Add(Yes, $"contradicts {DryRun.Name}");
        }

        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);

        // Of the two the careful one comes first.
        return options.Fails(out var exitCode)
            ? Task.FromResult(exitCode)
            : PruneRun.RunAsync(new PruneRequest(etcd!, cluster!, new(age, by) { Reason = reason }, isDryRun ? PruneConsent.No : isSure ? PruneConsent.Yes : PruneConsent.Ask, format), cancellationToken);
    }

    private static bool ParseAge(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) => CommonOptions.Duration(text, TimeSpan.Zero, TimeSpan.FromHours(24 * 366), out value, out error);
}
