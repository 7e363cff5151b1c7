using System.CommandLine;
using System.Net;
using KamailioRpc;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Dispatch;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc plan</c>: what the dispatcher beside this Kamailio would change now.</summary>
internal static class PlanCommand
{
    private static readonly Option<string?> Proxy = CommonOptions.Text("--proxy", "This proxy's name, as its dispatcher has it. [default: the host's name, and the socket's folder where that is not the usual one]", OptionGroup.Subject);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("plan", "Says what a dispatcher here would change now; changes nothing.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc plan --etcd http://10.0.0.5:2379", "kamrpc plan --source file:/etc/kamrpc/members.json -o json"],
            (ExitCode.Done, "there is nothing to change"),
            (ExitCode.NotDone, "Kamailio does not tell its list, or is too old"),
            (ExitCode.Unreachable, "etcd, another source of members or Kamailio does not answer"),
            (ExitCode.Refused, "the dispatcher here uses no etcd, and neither --source nor --etcd is given"),
            (ExitCode.Changes, "there is something to change")) { Subject = "What is planned and shown" })
        {
            CommonOptions.Cluster, Proxy, OutputOption.Output,
        };
        PlanningOptions.AddTo(command);
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddTo(command);
        SourceOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var (origins, kubeconfig) = (SourceOptions.Read(options), SourceOptions.ReadKubeConfig(options));
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var kamailio = KamailioOptions.Target(options);
        var rpc = KamailioOptions.Rpc(options);
        var proxy = options.Value<string>(Proxy, null, CommonOptions.Name);
        var planning = PlanningOptions.Read(options);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        if (!SourceOptions.IsGiven(options) && await LocalDispatch.WhyNotPlannedAsync(options, cluster!, cancellationToken).ConfigureAwait(false) is { } refused)
        {
            Console.Error.WriteLine($"kamrpc: {refused}");
            return ExitCode.Refused;
        }

        return await DispatchDryRun.RunAsync(kamailio!, rpc, Composed, format, static (answer, layout) => answer.ToPlan(layout), cancellationToken).ConfigureAwait(false);

        DispatcherOptions Composed(KamailioAddress address) => planning.ApplyTo(new DispatcherOptions(etcd!, cluster!, address, proxy ?? DispatcherOptions.DefaultProxy(address, Dns.GetHostName())) { Rpc = rpc, Origins = origins, KubeConfig = kubeconfig });
    }
}
