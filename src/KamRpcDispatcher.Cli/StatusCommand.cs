using System.CommandLine;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary><c>kamrpc status</c>: what is announced, and what the proxies made of it.</summary>
internal static class StatusCommand
{
    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("status", "Shows the members and the proxies of a cluster; exits with 1 when something is not in step.", new CommandHelp(
            CommandGroup.Look,
            ["kamrpc status --etcd http://10.0.0.5:2379", "kamrpc status --etcd http://10.0.0.5:2379 -o json | jq .findings"],
            (ExitCode.Done, "in step"),
            (ExitCode.NotDone, "something is not in step"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses")))
        {
            CommonOptions.Cluster, OutputOption.Output,
        };
        EtcdOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptions.Read(options);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdStore(etcd!, TimeProvider.System);
        try
        {
            var view = await new ClusterReader(store, new EtcdKeys(cluster!), TimeProvider.System).ReadAsync(cancellationToken).ConfigureAwait(false);
            Console.Out.Write(format == OutputFormat.Json ? StatusJson.Write(cluster!, view) : new StatusTables(view, TimeProvider.System.GetUtcNow()).ToString());
            return StatusFindings.Of(view).Count == 0 ? ExitCode.Done : ExitCode.NotDone;
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
}
