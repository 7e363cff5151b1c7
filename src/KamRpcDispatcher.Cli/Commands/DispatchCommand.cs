using System.CommandLine;
using System.Net;
using KamailioRpc;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Cli.Dispatch;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Doctor;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Push;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc dispatch</c>: beside a Kamailio, keeps its dispatcher sets equal to what is announced.</summary>
internal static class DispatchCommand
{
    /// <summary>For how long <c>--once</c> tries.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly Option<string?> Proxy = CommonOptions.Text("--proxy", "This proxy's name in etcd, which no other one may have. [default: the host's name, and the socket's folder where that is not the usual one]");
    private static readonly ValueOption<TimeSpan> Gap = new("--gap", "The time between two structural changes where Kamailio's processes cannot be seen.", "1s", DispatchValues.Gap, OptionGroup.Timing);
    private static readonly ValueOption<GraceMode> Grace = new("--grace", "When the next structural change is made: auto (Kamailio's processes at rest), fixed (--gap), none (crashes it).", "auto", DispatchValues.Grace, OptionGroup.Timing, "auto", "fixed", "none");
    private static readonly ValueOption<MemoryFloor> Floor = new("--memory-floor", "Shared memory of Kamailio's that has to be free for adds and removes: 10%, or bytes such as 16M, or 0.", $"{DispatcherOptions.MemoryFloorPercent}%", MemoryFloorText.TryParse, OptionGroup.Subject);
    private static readonly ValueOption<int> ChangeBurst = new("--change-burst", "Adds and removes that one member's records may cause at once; then one each 30 s. 0: any number.", $"{ReconcilerOptions.DefaultChangeBurst}", DispatchValues.Burst, OptionGroup.Subject);
    private static readonly Option<string?> StateDirectory = CommonOptions.DirectoryName("--state-dir", "Where the last good membership is kept, for a start while its source is out of reach. [default: $STATE_DIRECTORY; /var/lib/kamrpc as root]");
    private static readonly ValueOption<TimeSpan> Resync = new("--resync", "The longest time between two looks at Kamailio's list.", "1s", CommonOptions.Interval, OptionGroup.Timing);

    private static readonly Option<bool> Once = new CliOption<bool>("--once") { Group = OptionGroup.Subject, Description = "Ends as soon as Kamailio is in step, and does not go on: for a timer, or a test." };
    private static readonly Option<bool> DryRun = new CliOption<bool>("--dry-run") { Group = OptionGroup.Subject, Description = "Says what it would change now, and changes nothing." };

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("dispatch", "Keeps Kamailio's dispatcher sets equal to the announced servers.", new CommandHelp(
            CommandGroup.BesideKamailio,
            ["kamrpc dispatch --etcd http://10.0.0.5:2379", "kamrpc dispatch --source file:/etc/kamrpc/members.json --proxy p1"],
            (ExitCode.Done, "stopped; Kamailio's list stays as it is; with --once it is in step; with --dry-run there is nothing to change"),
            (ExitCode.NotDone, "with --once: something is not put in, operators' wishes could not be followed, or it was not in step within a minute; with --dry-run: Kamailio does not tell its list"),
            (ExitCode.Unreachable, "with --dry-run: etcd, another source or Kamailio does not answer"),
            (ExitCode.Refused, "another dispatcher serves this Kamailio, or has this proxy's name"),
            (ExitCode.Changes, "with --dry-run: there is something to change")) { Subject = "What is done to Kamailio's list" })
        {
            CommonOptions.Cluster, Proxy, Grace, Gap, Floor, ChangeBurst, StateDirectory, Resync, Once, DryRun, OutputOption.Output, CommonOptions.LogLevel, CommonOptions.LogFormat,
        };
        PlanningOptions.AddTo(command);
        EtcdOptionSet.AddTo(command);
        KamailioOptions.AddTo(command);
        SourceOptions.AddTo(command);
        BootListOptions.AddTo(command);
        MetricsOptions.AddTo(command, isDispatcher: true);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        using var life = new DaemonLife(cancellationToken);
        var (origins, kubeconfig) = (SourceOptions.Read(options), SourceOptions.ReadKubeConfig(options));
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var kamailio = KamailioOptions.Target(options);
        var rpc = KamailioOptions.Rpc(options);
        var planning = PlanningOptions.Read(options);
        var host = Dns.GetHostName();
        var proxy = options.Value<string>(Proxy, host, CommonOptions.Name);
        var gap = options.Value(Gap);
        var grace = options.Value(Grace);
        var floor = options.Value(Floor);
        var burst = options.Value(ChangeBurst);
        var resync = options.Value(Resync);
        if (options.Text(StateDirectory) is { } directory && Path.Exists(directory) && !Directory.Exists(directory))
        {
            options.Add(StateDirectory, $"'{SafeText.Shorten(directory)}' is no directory, but something else");
        }

        var bootList = BootListOptions.Read(options);
        var (isOnce, isDryRun) = (options.Flag(Once), options.Flag(DryRun));
        var format = isDryRun ? options.Value<OutputFormat>(OutputOption.Output, "table", OutputOption.Parse) : OutputFormat.Table;
        if (isOnce && isDryRun)
        {
            options.Add($"{Once.Name} and {DryRun.Name} exclude each other");
        }

        if (options.Text(OutputOption.Output) is not null && !options.IsVariable(OutputOption.Output) && !isDryRun)
        {
            options.Add(OutputOption.Output, $"goes with {DryRun.Name}");
        }

        var level = options.Value(CommonOptions.LogLevel);
        var logFormat = options.Value(CommonOptions.LogFormat);
        var exposure = MetricsOptions.Read(options, isDispatcher: true);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        DispatcherOptions Composed(KamailioAddress address) => planning.ApplyTo(new DispatcherOptions(etcd!, cluster!, address, options.Text(Proxy) is null ? DispatcherOptions.DefaultProxy(address, host) : proxy!)
        {
            Origins = origins,
            KubeConfig = kubeconfig,
            MemoryFloor = floor,
            Rpc = rpc,
            Grace = grace,
            Gap = gap,
            BootList = bootList,
            StateDirectory = options.Text(StateDirectory) ?? DispatcherOptions.DefaultStateDirectory(),
            Reconciler = new ReconcilerOptions { Resync = resync, ChangeBurst = burst, IsOnce = isOnce },
        });

        if (isDryRun)
        {
            return await DispatchDryRun.RunAsync(kamailio!, rpc, Composed, format, static (answer, layout) => answer.ToText(layout), life.Stop).ConfigureAwait(false);
        }

        using var logs = Logs.Create(level, logFormat);
        life.Begin(logs);
        using var service = new SystemdState();
        DispatcherDaemon? daemon = null;
        await using var telling = new Telling(isOnce ? exposure with { Address = null } : exposure, service, logs);
        await using var page = exposure.Address is null || isOnce ? null : new LivePage(
            etcd!,
            cluster!,
            new PageLocal(() => Volatile.Read(ref daemon)?.Status?.Proxy ?? proxy!, () => Volatile.Read(ref daemon)?.Status, () => Volatile.Read(ref daemon)?.Live),
            MetricsServer.Pages(AddressSpace.Descriptors),
            logs);
        telling.Begin(new HttpSubject
        {
            Page = page?.Answers,
            Metrics = telling.Metrics,
            IsAlive = () => Volatile.Read(ref daemon) is not { IsResponsive: false },
            Ready = sets => HealthOverHttp.Of(Volatile.Read(ref daemon)?.Status, proxy!, sets, TimeProvider.System.GetUtcNow()),
            Check = (set, address) => Volatile.Read(ref daemon)?.Check(set, address) ?? HealthOverHttp.NoKamailio,
        });
        service.Watch(() => Volatile.Read(ref daemon) is not { IsResponsive: false });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(life.Stop);
        patience.CancelAfter(isOnce ? Patience : Timeout.InfiniteTimeSpan);
        if (await kamailio!.AwaitAsync(rpc, service, logs, patience.Token).ConfigureAwait(false) is not { } address)
        {
            return isOnce ? EndOfOnce(null, life.Stop) : ExitCode.Done;
        }

        var composed = Composed(address);
        using var dispatcher = new DispatcherDaemon(composed, telling, TimeProvider.System, logs)
        {
            Examine = new ConfigurationExamination(address, rpc, TimeProvider.System, logs.CreateLogger<ConfigurationExamination>(), bootList is not null).RunAsync,
        };
        telling.Follow(dispatcher.Meter, composed.Proxy);
        dispatcher.Live.Cycled = page is null ? null : page.Wake;
        Volatile.Write(ref daemon, dispatcher);
        life.OnHangup(() =>
        {
            dispatcher.ReadFilesAgain();
            telling.ReadFilesAgain();
        });
        life.OnReloadNothing();
        try
        {
            await dispatcher.RunAsync(patience.Token).ConfigureAwait(false);
            return isOnce ? EndOfOnce(dispatcher.Settled, life.Stop) : ExitCode.Done;
        }
        catch (Exception taken) when (taken is ProxyTakenException or ProxyNameTakenException)
        {
            Console.Error.WriteLine($"kamrpc: {taken.Message}");
            return ExitCode.Refused;
        }
    }

    private static int EndOfOnce(Task<OnceResult>? settled, CancellationToken stop)
    {
        string[] wrong = settled is not { IsCompletedSuccessfully: true, Result: var left }
            ? [stop.IsCancellationRequested ? "stopped before Kamailio was in step" : $"Kamailio is not in step after {DurationText.Of(Patience)}; the log says why"]
            : Undone(left);
        foreach (var text in wrong)
        {
            Console.Error.WriteLine($"kamrpc: {text}");
        }

        return wrong.Length == 0 ? ExitCode.Done : ExitCode.NotDone;
    }

    /// <summary>What is not as it should be, though there is nothing to do.</summary>
    internal static string[] Undone(OnceResult left) =>
    [
        .. left.Undone > 0 ? new[] { $"{Ages.Count(left.Undone, "change")} that the members ask for {(left.Undone == 1 ? "is" : "are")} not made; the log says which, and why" } : [],
        .. left.Held > 0 ? new[] { $"{Ages.Count(left.Held, "member")} that {(left.Held == 1 ? "is" : "are")} gone {(left.Held == 1 ? "is" : "are")} kept, since too many went at once (PANIC): a dispatcher that runs on lets them go after --panic-hold; those in etcd by 'kamrpc confirm' too" } : [],
        .. left.FollowsIntents ? Array.Empty<string>() : ["operators' wishes were not followed, so that whom they drain may get calls: etcd does not let them be read, or has not told them; the log says which"],
    ];
}
