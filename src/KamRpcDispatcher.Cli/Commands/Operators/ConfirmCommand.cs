using System.CommandLine;
using Grpc.Core;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Operate;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Operate.Confirming;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc confirm</c>: an operator says that expired members which dispatchers hold back are really gone.</summary>
internal static class ConfirmCommand
{
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to confirm for (repeatable). [default: every set]", OptionGroup.Subject);

    private static readonly Option<bool> DryRun = new CliOption<bool>("--dry-run") { Group = OptionGroup.Subject, Description = "Writes nothing, and says whom it would confirm." };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("confirm", "Confirms that members which dispatchers keep (PANIC) are gone.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc confirm --etcd http://10.0.0.5:2379", "kamrpc confirm --etcd http://10.0.0.5:2379 --set 1 -o json"],
            (ExitCode.Done, "confirmed, or nothing was held back"),
            (ExitCode.NotDone, "a member is back, or no proxy named some: the others are confirmed"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses"),
            (ExitCode.Refused, "etcd does not let the history be written"),
            (ExitCode.Changes, "with --dry-run: it would confirm somebody")) { Subject = "What is confirmed and shown" })
        {
            CommonOptions.Cluster, Set, DryRun, OutputOption.Output,
        };
        OperatorOptions.AddWhoTo(command);
        EtcdOptionSet.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var sets = CommonOptions.Sets(options, Set);
        var (by, reason) = OperatorOptions.ReadWho(options);
        var isDryRun = options.Flag(DryRun);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdConnection(etcd!, TimeProvider.System);
        var keys = new EtcdKeys(cluster!);
        var confirmation = new HeldConfirmation(store, keys, sets, new ConfirmationRequest(by, reason), TimeProvider.System);
        var answer = new ConfirmAnswer { IsDryRun = isDryRun };
        ClusterView? view = null;
        try
        {
            view = await new ClusterReader(store, keys, TimeProvider.System).ReadAsync(cancellationToken).ConfigureAwait(false);
            Warn(view);
            var elsewhere = confirmation.NotConfirmed(view.Proxies);
            foreach (var sentence in elsewhere)
            {
                Console.Error.WriteLine($"kamrpc: {sentence}");
            }

            answer.NotNamed = isDryRun ? Foretell(confirmation, view, answer) : await confirmation.ConfirmAsync(view.Proxies, answer.Add, cancellationToken).ConfigureAwait(false);
            answer.Doubted = view.Proxies.Select(proxy => proxy.Status?.Deviations.Count(deviation => deviation.IsDoubted && (sets is null || sets.Contains(deviation.Set))) ?? 0).DefaultIfEmpty(0).Max();
            exitCode = isDryRun ? answer.WouldConfirm + answer.NotNamed > 0 ? ExitCode.Changes : ExitCode.Done
                : answer.IsAnybodyBack || answer.NotNamed > 0 || elsewhere.Count > 0 || (answer.IsEmpty && answer.Doubted > 0) ? ExitCode.NotDone : ExitCode.Done;
        }
        catch (EtcdUnreachableException unreachable)
        {
            exitCode = await TellAsync(unreachable, confirmation, isBegun: view is not null, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            exitCode = ExitCode.NotDone;
        }

        if (exitCode is not (ExitCode.Unreachable or ExitCode.Refused) || !answer.IsEmpty)
        {
            Console.Out.Write(Answer.In(format, answer.ToJson, answer.ToString));
        }

        return exitCode;
    }

    /// <returns>How many more may be held back that no report names.</returns>
    private static int Foretell(HeldConfirmation confirmation, ClusterView view, ConfirmAnswer answer)
    {
        var (named, more) = confirmation.Plan(view);
        foreach (var (member, outcome, keptBy) in named)
        {
            answer.Add(member, outcome, keptBy);
        }

        return more;
    }

    /// <returns>The exit code.</returns>
    private static async Task<int> TellAsync(EtcdUnreachableException unreachable, HeldConfirmation confirmation, bool isBegun, CancellationToken cancellationToken)
    {
        if (isBegun && await confirmation.WhyForbiddenAsync(unreachable, cancellationToken).ConfigureAwait(false) is { } why)
        {
            Console.Error.WriteLine($"kamrpc: refused: {why}");
            Console.Error.WriteLine("kamrpc: nothing is confirmed but what is listed");
            return ExitCode.Refused;
        }

        Console.Error.WriteLine($"kamrpc: {unreachable.Message}{(isBegun ? "; what is not listed may be confirmed or not: confirm again" : string.Empty)}");
        if (unreachable.InnerException is RpcException { StatusCode: StatusCode.PermissionDenied })
        {
            Console.Error.WriteLine($"kamrpc: its role needs {confirmation.NeededRole}");
        }

        return ExitCode.Unreachable;
    }

    /// <summary>Says why held members may be missing in the answer.</summary>
    private static void Warn(ClusterView view)
    {
        foreach (var proxy in view.Proxies.Where(static proxy => proxy.Status is null))
        {
            Console.Error.WriteLine($"kamrpc: the report of proxy {SafeText.Shorten(proxy.Name)} cannot be read, so what it holds back is not known: {proxy.Error}");
        }

        if (view.Proxies.Count == 0)
        {
            Console.Error.WriteLine("kamrpc: no proxy reports, so nothing is known to be held back");
        }
    }
}
