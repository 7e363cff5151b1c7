using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc history [SET]</c>: who has changed what, when and why, and when the proxies had it.</summary>
internal static class HistoryCommand
{
    private static readonly Argument<string> Set = new("SET") { Arity = ArgumentArity.ZeroOrOne, Description = "A set: only what concerns it is shown." };
    private static readonly ValueOption<int> Limit = new("--limit", "How many changes are shown, the newest first.", "20", ParseLimit, OptionGroup.Subject);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("history", "Shows who has changed what, when and why.", new CommandHelp(
            CommandGroup.Inspect,
            ["kamrpc history 1 --etcd http://10.0.0.5:2379", "kamrpc history --etcd http://10.0.0.5:2379 --limit 100 -o json"],
            (ExitCode.Done, "shown, also where nothing is recorded"),
            (ExitCode.NotDone, "shown but for entries that cannot be read"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses")))
        {
            CommonOptions.Cluster, Limit, OutputOption.Output,
        };
        command.Add(Set);
        EtcdOptionSet.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var limit = options.Value(Limit);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        int? set = null;
        if (options.Text(Set) is { } text)
        {
            set = CommonOptions.SetNumber(text, out var number, out var error) ? number : null;
            if (error is not null)
            {
                options.Add($"SET: {error}");
            }
        }

        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdConnection(etcd!, TimeProvider.System);
        var keys = new EtcdKeys(cluster!);
        try
        {
            var view = await new HistoryStore(store, keys, TimeProvider.System).ReadAsync(cancellationToken).ConfigureAwait(false);
            var answer = new HistoryAnswer(view, set, limit, TimeProvider.System.GetUtcNow());
            Console.Out.Write(Answer.In(format, answer.ToJson, () => answer.ToText(Layout.OfOutput())));
            foreach (var rejected in view.Rejected.Take(HistoryAnswer.MostRejected))
            {
                Console.Error.WriteLine($"kamrpc: {rejected.Key} is no entry: {SafeText.Shorten(rejected.Reason, MemberValidation.MaxReasonLength)}");
            }

            return view.Rejected.Count > 0 ? ExitCode.NotDone : ExitCode.Done;
        }
        catch (EtcdUnreachableException unreachable)
        {
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}");
            return ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }

    private static bool ParseLimit(string text, out int value, [NotNullWhen(false)] out string? error) => CommonOptions.Integer(text, 1, HistoryStore.MostEntries, out value, out error);
}
