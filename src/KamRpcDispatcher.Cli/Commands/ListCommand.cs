using System.CommandLine;
using KamailioRpc.Errors;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc list</c>: what Kamailio's dispatcher has, beside it and without etcd.</summary>
internal static class ListCommand
{
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set to show (repeatable). [default: every set]", OptionGroup.Subject);
    private static readonly ValueOption<string> Cluster = new("--cluster", "The cluster whose entries are called ours.", "default", CommonOptions.ClusterName, OptionGroup.Subject);
    private static readonly Option<bool> Verbose = new CliOption<bool>("--verbose", "-v") { Group = OptionGroup.Subject, Description = "Shows priorities, attributes instead of words, and kamrpc's own mark." };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("list", "Shows Kamailio's dispatcher list in words; needs no etcd.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc list --kamailio auto", "kamrpc list --set 1 -o json"],
            (ExitCode.Done, "shown"),
            (ExitCode.NotDone, "a set that --set names has no destination; or Kamailio answers, but not with its list: is the dispatcher module loaded?"),
            (ExitCode.Unreachable, "Kamailio does not answer")))
        {
            Set, Cluster, Verbose, OutputOption.Output,
        };
        KamailioOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var target = KamailioOptions.Target(options);
        var rpc = KamailioOptions.Rpc(options);
        var cluster = options.Value(Cluster);
        var sets = CommonOptions.Sets(options, Set);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        var isVerbose = options.Flag(Verbose);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var replies = new MadeDirectory(rpc.ReplyDirectory);
        try
        {
            var (address, failures) = await target!.FindAsync(rpc, cancellationToken).ConfigureAwait(false);
            if (address is null)
            {
                Console.Error.WriteLine($"kamrpc: no Kamailio answers at the usual sockets: {string.Join("; ", failures)}");
                return ExitCode.Unreachable;
            }

            var listing = await KamailioListing.ReadAsync(address, rpc, cluster!, cancellationToken).ConfigureAwait(false);
            listing = sets is null ? listing : listing.Of(sets);
            Console.Out.Write(Answer.In(format, listing.ToJson, () => listing.ToText(Layout.OfOutput(), isVerbose)));
            if (listing.WhatIsMissing is { } missing)
            {
                Console.Error.WriteLine($"kamrpc: {missing}");
                return ExitCode.NotDone;
            }

            return ExitCode.Done;
        }
        catch (KamailioRpcException exception)
        {
            Console.Error.WriteLine($"kamrpc: {exception.Message}");
            return ExitCode.Of(exception);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }
}
