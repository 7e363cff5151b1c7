using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using KamailioRpc;
using KamRpcDispatcher.Announce;
using KamRpcDispatcher.Cli.Announce;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Cli.Host.Reload;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Telemetry;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc announce</c>: beside a SIP server, keeps it announced in etcd as it is.</summary>
internal static class AnnounceCommand
{
    private static readonly ValueOption<TimeSpan> Ttl = new("--ttl", "How long the server stays announced after a crash of this program.", "5s", ParseTtl, OptionGroup.Timing);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("announce", "Announces a SIP server in etcd, until it is stopped.", new CommandHelp(
            CommandGroup.BesideServer,
            [
                "kamrpc announce --etcd http://10.0.0.5:2379 --ip auto",
                "kamrpc announce --etcd http://10.0.0.5:2379 --name a1 --uri sip:10.0.0.11:5060",
            ],
            (ExitCode.Done, "stopped, and what it announced is withdrawn"),
            (ExitCode.NotDone, "stopped; somebody else holds the name of a member, who keeps it, or etcd refuses to delete what was announced, which ends with its lease"),
            (ExitCode.Unreachable, "etcd could not be told, or was never reached")) { Subject = "What is announced" })
        {
            CommonOptions.Cluster,
        };
        EtcdOptionSet.AddTo(command);
        AddressOptions.AddTo(command);
        MemberOptions.AddTo(command);
        ProbeOptions.AddTo(command);
        LeaveOptions.AddTo(command);
        command.Add(Ttl);
        command.Add(CommonOptions.LogLevel);
        command.Add(CommonOptions.LogFormat);
        MetricsOptions.AddTo(command, isDispatcher: false);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        using var life = new DaemonLife(cancellationToken);
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var level = options.Value(CommonOptions.LogLevel);
        var logFormat = options.Value(CommonOptions.LogFormat);
        var ttl = options.Value(Ttl);
        IReadOnlyList<AnnouncedServer> servers;
        try
        {
            servers = await AddressOptions.ReadAsync(options, etcd?.Endpoints, life.Stop).ConfigureAwait(false);
        }
        catch (SocketException noRoute)
        {
            Console.Error.WriteLine($"kamrpc: --ip auto: there is no way to etcd at {etcd?.Endpoints} ({(etcd is null ? null : ResolvedConnection.Trouble(new Uri(etcd.Endpoints.Each().First().ToString()).IdnHost, noRoute)) ?? noRoute.Message}); wait for the network, or name the address");
            return ExitCode.Unreachable;
        }

        catch (OperationCanceledException) when (life.Stop.IsCancellationRequested)
        {
            // Nothing was announced yet.
            return ExitCode.Done;
        }

        var pace = ProbeOptions.ReadPace(options);
        var members = MemberOptions.Read(options);
        var leave = LeaveOptions.Read(options);
        var probed = ProbeOptions.ReadServers(options, servers, pace.Interval, members);
        var exposure = MetricsOptions.Read(options, isDispatcher: false);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var logs = Logs.Create(level, logFormat);
        life.Begin(logs);
        using var service = new SystemdState();
        using var hurry = new StopSignal(which: 2, life.TerminalGone);
        await using var telling = new Telling(exposure, service, logs);
        await using var announcer = new AnnouncerDaemon(
            leave(new AnnouncerOptions(etcd!, cluster!, probed) { Ttl = ttl, Interval = pace.Interval, Rise = pace.Rise, Fall = pace.Fall, HandedOver = life.HandedOver }),
            telling,
            TimeProvider.System,
            logs);
        service.Watch(() => announcer.IsResponsive);
        telling.Follow(announcer.Meter, probed[0].Members[0].Key.Name);
        telling.Begin(new HttpSubject { Metrics = telling.Metrics, IsAlive = () => announcer.IsResponsive, Ready = _ => HealthOverHttp.OfAnnouncer(announcer.WhyNotReady) });
        life.OnHangup(() =>
        {
            announcer.ReadFilesAgain();
            telling.ReadFilesAgain();
        });
        life.OnReload(new Reloading(life, service, announcer.HandOverAsync, logs).Begin);
        return await announcer.RunAsync(life.Stop, hurry.Token).ConfigureAwait(false) switch
        {
            AnnouncementEnd.Withdrawn => ExitCode.Done,
            AnnouncementEnd.NotOurs or AnnouncementEnd.Refused => ExitCode.NotDone,
            _ => ExitCode.Unreachable,
        };
    }

    // etcd itself grants no less than its election timing allows, 2 s by default.
    private static bool ParseTtl(string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
        CommonOptions.Duration(text, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1), out value, out error);
}
