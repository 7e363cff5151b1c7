using System.CommandLine;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Proxies;

namespace KamRpcDispatcher.Cli.Commands.Operators;

/// <summary><c>kamrpc confirm</c>: an operator says that expired members which dispatchers hold back are really gone.</summary>
internal static class ConfirmCommand
{
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to confirm for (repeatable). [default: every set]", OptionGroup.Subject);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("confirm", "Confirms that members which dispatchers keep (PANIC) are gone.", new CommandHelp(
            CommandGroup.Act,
            ["kamrpc confirm --etcd http://10.0.0.5:2379", "kamrpc confirm --etcd http://10.0.0.5:2379 --set 1 -o json"],
            (ExitCode.Done, "confirmed, or nothing was held back"),
            (ExitCode.NotDone, "a member is back, or no proxy named some: the others are confirmed"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses")) { Subject = "What is confirmed and shown" })
        {
            CommonOptions.Cluster, Set, OutputOption.Output,
        };
        EtcdOptionSet.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var sets = CommonOptions.Sets(options, Set);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdConnection(etcd!, TimeProvider.System);
        var keys = new EtcdKeys(cluster!);
        var answer = new ConfirmAnswer();
        ClusterView? view = null;
        try
        {
            view = await new ClusterReader(store, keys, TimeProvider.System).ReadAsync(cancellationToken).ConfigureAwait(false);
            Warn(view);
            answer.NotNamed = await new HeldConfirmation(store, keys, sets, TimeProvider.System).ConfirmAsync(view.Proxies, answer.Add, cancellationToken).ConfigureAwait(false);
            answer.Doubted = view.Proxies.Select(proxy => proxy.Status?.Deviations.Count(deviation => deviation.IsDoubted && (sets is null || sets.Contains(deviation.Set))) ?? 0).DefaultIfEmpty(0).Max();
            exitCode = answer.IsAnybodyBack || answer.NotNamed > 0 || (answer.IsEmpty && answer.Doubted > 0) ? ExitCode.NotDone : ExitCode.Done;
        }
        catch (EtcdUnreachableException unreachable)
        {
            var rest = view is null ? string.Empty : "; what is not listed may be confirmed or not: confirm again";
            Console.Error.WriteLine($"kamrpc: {unreachable.Message}{rest}");
            exitCode = ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            exitCode = ExitCode.NotDone;
        }

        if (exitCode is not ExitCode.Unreachable || !answer.IsEmpty)
        {
            Console.Out.Write(Answer.In(format, answer.ToJson, answer.ToString));
        }

        return exitCode;
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
