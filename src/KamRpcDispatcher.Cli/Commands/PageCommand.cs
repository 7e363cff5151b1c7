using System.CommandLine;
using System.Net;
using KamRpcDispatcher.Cli.Help;
using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Host.Logging;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Cli.Page;
using KamRpcDispatcher.Cli.Telemetry;
using KamRpcDispatcher.Destinations;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Cli.Commands;

/// <summary><c>kamrpc page</c>: a page of the whole cluster for a browser, live, from any machine that reaches etcd.</summary>
internal static class PageCommand
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromMilliseconds(200);

    public static void AddTo(RootCommand root, Dictionary<Command, Func<OptionReader, CancellationToken, Task<int>>> commands)
    {
        var command = new CliCommand("page", "Shows the whole cluster on a live page for a browser.", new CommandHelp(
            CommandGroup.Inspect,
            ["kamrpc page --etcd http://10.0.0.5:2379", "kamrpc page --etcd http://10.0.0.5:2379 --listen 127.0.0.1:8080"],
            (ExitCode.Done, "it was ended (Ctrl-C)"),
            (ExitCode.NotDone, "the address cannot be listened on"),
            (ExitCode.Refused, "the dispatcher here uses no etcd, and --etcd names none")))
        {
            CommonOptions.Cluster, CommonOptions.LogLevel, CommonOptions.LogFormat,
        };
        MetricsOptions.AddToPage(command);
        EtcdOptionSet.AddTo(command);
        root.Add(command);
        commands.Add(command, RunAsync);
    }

    private static async Task<int> RunAsync(OptionReader options, CancellationToken cancellationToken)
    {
        using var life = new DaemonLife(cancellationToken);
        var etcd = EtcdOptionSet.Read(options);
        var cluster = options.Value(CommonOptions.Cluster);
        var level = options.Value(CommonOptions.LogLevel);
        var format = options.Value(CommonOptions.LogFormat);
        var exposure = MetricsOptions.ReadPage(options);
        if (options.Fails(out var exitCode))
        {
            return exitCode;
        }

        using var logs = Logs.Create(level, format);
        life.Begin(logs);
        life.OnHangup(() => Telling.ReadAgain(exposure, logs.CreateLogger<Telling>()));
        life.OnReloadNothing();
        await using var page = new LivePage(etcd!, cluster!, local: null, MetricsServer.Pages(AddressSpace.Descriptors), logs);
        var answers = new HttpAnswers(new HttpSubject { IsAlive = static () => true, Page = page.Answers }, new HttpAccess(exposure), new HttpPace(TimeProvider.System));
        using var server = MetricsServer.New(exposure.Address!);
        try
        {
            await server.StartAsync<HttpContext>(new MetricsServer.Application(answers), life.Stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
        {
            Console.Error.WriteLine($"kamrpc: {exposure.Address} cannot be listened on: {SafeText.Shorten(exception.InnerException?.Message ?? exception.Message, longest: 200)}; --listen names another address");
            return ExitCode.NotDone;
        }

        Console.Out.WriteLine($"The page is at {Shown(server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() ?? $"http://{exposure.Address}")}/ until Ctrl-C");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, life.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var patience = new CancellationTokenSource(StopPatience);
        await server.StopAsync(patience.Token).ConfigureAwait(false);
        return ExitCode.Done;
    }

    /// <summary>An address of all interfaces is none to go to.</summary>
    private static string Shown(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))
        ? FormattableString.Invariant($"http://{Dns.GetHostName()}:{uri.Port}")
        : address;
}
