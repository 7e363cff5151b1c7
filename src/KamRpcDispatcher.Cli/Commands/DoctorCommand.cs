using System.CommandLine;
using System.CommandLine.Completions;
using KamRpcDispatcher.Cli.Answers;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Doctor;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc doctor</c>: examines Kamailio and etcd, and says what to change.</summary>
internal static class DoctorCommand
{
    private static readonly Option<string?> ConfigFile = CommonOptions.Text("--kamailio-cfg", "Kamailio's configuration, for what Kamailio does not tell (before 6.1). [default: the one that it was started with]", OptionGroup.Subject);

    private static readonly Option<string[]> Ignore = SuggestingChecks(CommonOptions.Texts("--ignore", "A check whose findings count for nothing (repeatable, or separated by commas); they are shown as ignored. [default: none]", OptionGroup.Subject));
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set that this Kamailio serves (repeatable, or separated by commas): whose members have to get calls from it. [default: every set]", OptionGroup.Subject);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("doctor", "Examines Kamailio and etcd, and says what to change.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc doctor --etcd http://10.0.0.5:2379", "kamrpc doctor --etcd http://10.0.0.5:2379 --kamailio auto -o json"],
            (ExitCode.Done, "all is well, notes apart"),
            (ExitCode.NotDone, "something is not, or could not be looked at"),
            (ExitCode.Unreachable, "Kamailio or etcd does not answer")) { Subject = "What is examined and shown" })
        {
            CommonOptions.Cluster, Set, Ignore, ConfigFile, OutputOption.Output,
        };
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value<string>(CommonOptions.Cluster, "default", CommonOptions.ClusterName);
        var target = KamailioOptions.Target(options);
        var rpc = KamailioOptions.Rpc(options);
        var configFile = options.Value<string>(ConfigFile, null, CommonOptions.ExistingFile);
        var sets = CommonOptions.Sets(options, Set);
        var ignored = IgnoredNames.OfDoctor(options, Ignore);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        var (answers, withoutEtcd) = await LocalDispatch.AskAsync(options, cluster!, cancellationToken).ConfigureAwait(false);
        using var replies = new MadeDirectory(rpc.ReplyDirectory);
        var checkup = new Checkup(new CheckupOptions(token => target!.FindAsync(rpc, token), rpc, configFile, etcd!, cluster!) { Sets = sets, Local = answers, WithoutEtcd = withoutEtcd, Ignored = ignored }, TimeProvider.System);
        try
        {
            var result = await checkup.RunAsync(cancellationToken).ConfigureAwait(false);
            Console.Out.Write(Answer.In(format, () => DoctorJson.Write(result), () => DoctorTable.Write(result)));
            return result.IsHealthy ? ExitCode.Done : result.IsReached ? ExitCode.NotDone : ExitCode.Unreachable;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }

    /// <summary>The names are made when a shell asks, and not at each start.</summary>
    private static Option<string[]> SuggestingChecks(Option<string[]> option)
    {
        option.CompletionSources.Add(static _ => Checkup.CheckNames.Select(static name => new CompletionItem(name)));
        return option;
    }
}
