using System.CommandLine;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Cli.Status.Json;
using KamRpcDispatcher.Cli.Status.Screen;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc status</c>: does everybody get calls who should, and if not, why.</summary>
internal static class StatusCommand
{
    private static readonly Option<bool> Watch = new CliOption<bool>("--watch", "-w") { Group = OptionGroup.Subject, Description = "Goes on: redraws on a terminal, marks what changes and shows the last events; elsewhere writes each change. Ctrl-C ends it." };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("status", "Shows who gets calls, what the proxies report, what is wrong.", new CommandHelp(
            CommandGroup.Inspect,
            ["kamrpc status --etcd http://10.0.0.5:2379 --watch", "kamrpc status --etcd http://10.0.0.5:2379 -o json | jq .problems"],
            (ExitCode.Done, "nothing was found; --watch was ended"),
            (ExitCode.NotDone, "something is not as it should be, or not known"),
            (ExitCode.Unreachable, "etcd does not answer, or refuses; nor does a dispatcher here that uses none")))
        {
            Watch,
        };
        StatusOptions.AddTo(command);
        CommonOptions.Add(command, OutputOption.Output, CommonOptions.Cluster);
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddReplyDirectory(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        var shown = StatusOptions.Read(options);
        var isWatch = options.Flag(Watch);
        var directories = KamailioOptions.DispatcherDirectories(options);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var store = new EtcdConnection(etcd!, TimeProvider.System);
        var (local, unclear) = await LocalDispatch.FindAsync(options, directories, cluster!, shown.Proxies, cancellationToken).ConfigureAwait(false);
        if (unclear is not null)
        {
            Console.Error.WriteLine($"kamrpc: {unclear}");
            return ExitCode.Unreachable;
        }

        var reader = new StatusReader(local ?? new ClusterReader(store, new EtcdKeys(cluster!), TimeProvider.System), shown, TimeProvider.System);
        if (isWatch)
        {
            using var output = WatchOutput.Of(format, cluster!, shown);
            await new StatusWatch(reader, shown, output, TimeProvider.System).RunAsync(cancellationToken).ConfigureAwait(false);
            return ExitCode.Done;
        }

        try
        {
            var calls = await reader.ReadSettledAsync(Console.Error.WriteLine, cancellationToken).ConfigureAwait(false);
            var findings = shown.Findings(calls);
            Console.Out.Write(Answer.In(
                format,
                () => StatusJson.Write(cluster!, calls, findings),
                () => new StatusScreen(calls, findings, shown, Layout.OfOutput()).ToString()));
            return findings.Count == 0 ? ExitCode.Done : ExitCode.NotDone;
        }
        catch (ClusterUnreachableException unreachable)
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
