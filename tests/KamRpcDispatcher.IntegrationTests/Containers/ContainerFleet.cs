using System.Diagnostics;
using System.Net;
using System.Text.Json;
using KamailioRpc;
using KamailioRpc.Commands;
using KamailioRpc.Errors;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Containers;

/// <summary>etcd, a Kamailio in a container, and the volume that it shares with whoever runs beside it.</summary>
internal sealed class ContainerFleet : IAsyncDisposable
{
    private readonly ContainerImage _image;
    private readonly string _user;
    private readonly bool _hasOwnProcesses;
    private readonly ContainerVolume _volume;
    private readonly RpcClient _client;
    private readonly List<Container> _containers = [];

    private ContainerFleet(ContainerImage image, string user, bool hasOwnProcesses, ContainerVolume volume, EtcdServer etcd)
    {
        (_image, _user, _hasOwnProcesses, _volume, Etcd) = (image, user, hasOwnProcesses, volume, etcd);

        // From outside over the FIFO: of the answer's place it is told the name only, so that it may be another path there.
        _client = new RpcClient(KamailioAddress.Parse("jsonrpc+fifo:" + volume.File("kamailio_rpc.fifo")), new RpcClientOptions { FifoReplyDirectory = volume.Path, Timeout = TimeSpan.FromSeconds(5) });
    }

    public EtcdServer Etcd { get; }

    public IPEndPoint Sip { get; } = new(IPAddress.Loopback, RealServers.FreeUdpPort());

    public Container Kamailio { get; private set; } = null!;

    /// <summary>With the Kamailio that the environment names, as the user that the README's line names.</summary>
    /// <param name="hasOwnProcesses">Whether Kamailio's container has a PID namespace of its own, other than the README says.</param>
    public static async Task<ContainerFleet> StartAsync(bool hasOwnProcesses = false)
    {
        RealServers.Require("etcd", "etcdctl", "unshare", "nsenter");
        var image = ContainerImage.Require();
        var user = DockerRun.OfReadme().Value("--user")!;
        return await ServerLife.StartOrDisposeAsync(
            new ContainerFleet(image, user, hasOwnProcesses, await ContainerVolume.MakeAsync(user), await EtcdServer.StartAsync()), static fleet => fleet.StartKamailioAsync());
    }

    /// <summary>Starts it, again too, and returns when it answers.</summary>
    public async Task StartKamailioAsync()
    {
        var root = Environment.GetEnvironmentVariable(KamailioProgram.RootVariable) ?? throw new InvalidOperationException($"{KamailioProgram.RootVariable} names no folder with a Kamailio");
        Kamailio = Added(Container.Start(
            new ContainerOptions(root, _user)
            {
                HasHostProcesses = !_hasOwnProcesses,
                Volumes = [(_volume.Path, "/run/kamailio"), (Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg"), "/etc/kamailio")],
                Temporary = ["/tmp"],
            },
            "/usr/sbin/kamailio", "-f", "/etc/kamailio/kamailio.cfg", "-DD", "-E", "-m", "256", "-Y", "/run/kamailio", "-P", "/run/kamailio/kamailio.pid",
            "-A", $"KAMRPC_LISTEN=udp:{Sip}", "-A", "KAMRPC_FIFO_REPLY_DIR=\"/run/kamailio/\""));
        await UntilAsync(async () => (await _client.ListProcessesAsync(CancellationToken.None)).Any(static process => process.IsMainOfAll), () => Kamailio.Output);
    }

    /// <summary>Runs the image as a line says, with the etcd that is there; <paramref name="arguments"/> in place of the line's.</summary>
    public Container Run(DockerRun run, params string[] arguments)
    {
        if (arguments.Length == 0)
        {
            arguments = [.. run.Arguments.TakeWhile(static word => word != "--etcd"), "--etcd", Etcd.Endpoint, .. run.Arguments.SkipWhile(static word => word != "--etcd").Skip(2)];
        }

        // "--user UID" alone has group 0, as container runtimes do it.
        var user = run.Value("--user") ?? _image.User;
        var volumes = run.Values("-v").Select(static volume => volume.Split(':')).Select(parts => (Folder(parts[0]), parts[1])).ToList();
        return Added(Container.Start(
            new ContainerOptions(_image.Root, user.Contains(':', StringComparison.Ordinal) ? user : user + ":0")
            {
                HasHostProcesses = run.Value("--pid") == "host",
                Beside = run.Value("--pid") switch
                {
                    null or "host" => null,
                    "container:kamailio" => Kamailio,
                    var other => throw new ArgumentException($"--pid {other} is not known here", nameof(run)),
                },
                Volumes = volumes,
                Temporary = [.. _image.Volumes.Where(place => volumes.All(volume => volume.Item2 != place)), .. run.Values("--tmpfs")],
                Variables = [.. _image.Variables, .. run.Values("-e")],
            },
            [.. _image.Entrypoint, .. arguments]));
    }

    /// <summary>Runs <c>kamrpc doctor</c> in a container as a line says.</summary>
    public async Task<(int ExitCode, IReadOnlyList<Finding> Findings)> ExamineAsync(DockerRun run, params string[] options)
    {
        var doctor = Run(run, ["doctor", "-o", "json", .. options.Contains("--etcd") ? [] : (string[])["--etcd", Etcd.Endpoint], .. options]);
        await doctor.Gone.WaitAsync(Fleet.Deadline);
        var findings = JsonElement.Parse(doctor.Output).GetProperty("findings").EnumerateArray();
        return (await doctor.Exited, [.. findings.Select(static finding => new Finding(Text(finding, "check")!, Text(finding, "severity")!, Text(finding, "text")!, Text(finding, "fix")))]);

        static string? Text(JsonElement finding, string name) => finding.GetProperty(name).GetString();
    }

    /// <summary>Waits until each of the URIs is active in Kamailio's list, and nothing else is in set 1.</summary>
    public async Task WaitForRoutableAsync(IEnumerable<string> uris, Func<string> describe)
    {
        var wanted = uris.Order().ToList();
        await UntilAsync(
            async () => (await _client.ListDestinationsAsync(ListMode.Normal, CancellationToken.None)).Where(static entry => entry is { Set: 1, State: DestinationState.Active })
                .Select(static entry => entry.Uri).Order().SequenceEqual(wanted),
            describe);
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();

        // Who runs beside Kamailio goes before it.
        foreach (var container in Enumerable.Reverse(_containers))
        {
            await container.DisposeAsync();
        }

        await Etcd.DisposeAsync();
        _volume.Dispose();
    }

    private Container Added(Container container)
    {
        _containers.Add(container);
        return container;
    }

    private string Folder(string volume) => volume == "kamailio-run" ? _volume.Path : volume.StartsWith('/') ? volume : throw new ArgumentException($"there is no volume {volume}", nameof(volume));

    private static async Task UntilAsync(Func<Task<bool>> condition, Func<string> describe)
    {
        var begun = Stopwatch.GetTimestamp();
        while (!await HoldsAsync())
        {
            if (Stopwatch.GetElapsedTime(begun) > Fleet.Deadline)
            {
                throw new TimeoutException(describe());
            }

            await Task.Delay(10);
        }

        async Task<bool> HoldsAsync()
        {
            try
            {
                return await condition();
            }
            catch (KamailioRpcException)
            {
                // It starts, or it was killed.
                return false;
            }
        }
    }

    /// <summary>What doctor says of one thing.</summary>
    internal sealed record Finding(string Check, string Severity, string Text, string? Fix);
}
