using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using KamRpcDispatcher.Cli.Health;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc health</c>: whether calls should come to this proxy, for who asks every second or two.</summary>
internal static class HealthCommand
{
    private static readonly Option<string?> Proxy = CommonOptions.Text("--proxy", "This proxy's name, as its dispatcher has it. [default: the host's name, and the socket's folder where that is not the usual one]", OptionGroup.Subject);
    private static readonly Option<string[]> Set = CommonOptions.Texts("--set", "A set that has to have somebody to route to (repeatable). [default: every set that its dispatcher serves]", OptionGroup.Subject);
    private static readonly Option<bool> Strict = new CliOption<bool>("--strict") { Group = OptionGroup.Subject, Description = "Fails also where no dispatcher answers, though Kamailio has somebody to route to." };
    private static readonly ValueOption<TimeSpan> Timeout = new("--timeout", "How long all of it may take.", "2s", ParseTimeout, OptionGroup.Timing);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("health", "Says whether calls should come to this proxy: a health check.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc health --proxy edge-1", "kamrpc health --kamailio auto --set 1 -o json"],
            (ExitCode.Done, "Kamailio answers, is in step, and has somebody to route to"),
            (ExitCode.NotDone, "it does not, or has not; or an operator has drained this proxy")))
        {
            Proxy, Set, Strict, Timeout, OutputOption.Output, CommonOptions.Cluster,
        };
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var kamailio = KamailioOptions.Target(options);
        var rpc = KamailioOptions.Rpc(options);
        var sets = CommonOptions.Sets(options, Set, areForMembers: true);
        var proxy = options.Value<string>(Proxy, null, CommonOptions.Name);
        var isStrict = options.Flag(Strict);
        var timeout = options.Value(Timeout);
        var format = options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        var request = new HealthRequest(etcd!, cluster!, kamailio!, rpc, KamailioOptions.DispatcherDirectories(options, rpc), proxy, sets, isStrict, timeout);
        try
        {
            var verdict = await new HealthRun(request, Dns.GetHostName(), TimeProvider.System).RunAsync(cancellationToken).ConfigureAwait(false);
            Console.Out.Write(Answer.In(format, verdict.ToJson, verdict.ToString));
            return verdict.IsHealthy ? ExitCode.Done : ExitCode.NotDone;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.NotDone;
        }
    }

    private static bool ParseTimeout(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), out value, out error);
}
