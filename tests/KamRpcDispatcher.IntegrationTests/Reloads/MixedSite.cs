using System.Diagnostics;
using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>etcd, Kamailio and two SIP servers, and beside them programs of two versions: an announcer "a" and "b" each, a dispatcher, and an operator's.</summary>
internal sealed class MixedSite : IAsyncDisposable
{
    private const string Members = "/kamrpc/default/members/";

    private readonly TemporaryFolder _folder = new();
    private readonly List<SipServer> _servers = [];
    private readonly Dictionary<string, ServerProcess> _announcers = [];
    private readonly List<string> _removed = [];
    private ServerProcess? _watch;
    private ServerProcess? _dispatcher;

    private MixedSite(string older) => Older = older;

    /// <summary>The older program.</summary>
    public string Older { get; }

    /// <summary>The program that is tested.</summary>
    public string Newer { get; } = KamrpcProgram.File;

    public string OlderVersion { get; private set; } = string.Empty;

    public string NewerVersion { get; private set; } = string.Empty;

    public EtcdServer Etcd { get; private set; } = null!;

    public KamailioServer Kamailio { get; private set; } = null!;

    /// <summary>Members that were taken out of etcd.</summary>
    public IReadOnlyList<string> Removed
    {
        get
        {
            lock (_removed)
            {
                return [.. _removed];
            }
        }
    }

    /// <summary>All of the older version at first.</summary>
    public static async Task<MixedSite> StartAsync()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        return await ServerLife.StartOrDisposeAsync(
            new MixedSite(Environment.GetEnvironmentVariable("KAMRPC_TEST_OLDER_PROGRAM") is { Length: > 0 } older ? older : throw new InvalidOperationException("the older program is not given: tests/run.sh --package does")),
            static site => site.StartAllAsync());
    }

    /// <summary>Drains a member, looks, and resumes it, with the program of either version.</summary>
    public async Task OperateAsync(string program)
    {
        await RunAsync(program, "drain", "a");
        Assert.That(Fleet.IsEnabled(await Kamailio.ListAsync(), _servers[0].Uri), Is.False, $"{program} says that it is drained");
        await RunAsync(program, "resume", "a");
        Assert.That(Fleet.IsEnabled(await Kamailio.ListAsync(), _servers[0].Uri), Is.True, $"{program} says that it is back");
        await InStepAsync(program);
    }

    /// <summary>Puts another program into the place of an announcer's, and has it go on with that.</summary>
    public async Task ReloadAsync(string name, string program)
    {
        var lines = Count();
        Put(name, program);
        _announcers[name].Signal(UnixSignals.User2);
        for (var begun = Stopwatch.GetTimestamp(); Count() == lines || Running(_announcers[name].Pid) != new FileInfo(program).FullName; await Task.Delay(20))
        {
            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), _announcers[name].Output);
        }

        int Count() => _announcers[name].CountLines("Goes on with");
    }

    /// <summary>Stops the dispatcher, if there is one, and starts a program as the next.</summary>
    public async Task DispatchAsync(string program)
    {
        await ServerLife.EndAsync(_dispatcher);

        // By a variable, which a version that does not know it passes over.
        _dispatcher = ServerProcess.Start("env", ["KAMRPC_METRICS=none", program, "dispatch", "--etcd", Etcd.Endpoint, "--kamailio", Kamailio.RpcAddress, "--proxy", "p1", "--reply-dir", _folder.File("r"), "--state-dir", _folder.File("state")]);
        await _dispatcher.WaitForLineAsync("In step with revision", Fleet.Deadline);
        if (_servers.Count > 0)
        {
            await InStepAsync(program);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _announcers.Values.Append(_dispatcher).Append(_watch).OfType<ServerProcess>())
        {
            await process.DisposeAsync();
        }

        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await ServerLife.EndAsync(Kamailio);
        await ServerLife.EndAsync(Etcd);
        _folder.Dispose();
    }

    private async Task StartAllAsync()
    {
        OlderVersion = (await RunAsync(Older, "--version")).Trim();
        NewerVersion = (await RunAsync(Newer, "--version")).Trim();
        Assert.That(OlderVersion, Is.Not.EqualTo(NewerVersion), "these are not two versions");
        Etcd = await EtcdServer.StartAsync();
        Kamailio = await KamailioServer.StartAsync();
        _watch = ServerProcess.Start("etcdctl", ["--endpoints", Etcd.Endpoint, "watch", "--prefix", Members], onLine: Note);
        await DispatchAsync(Older);
        foreach (var name in new[] { "a", "b" })
        {
            var server = await SipServer.StartAsync();
            _servers.Add(server);
            Put(name, Older);
            _announcers[name] = ServerProcess.Start(_folder.File(name), ["announce", "--etcd", Etcd.Endpoint, "--name", name, "--uri", server.Uri]);
        }

        await InStepAsync(Older);
    }

    /// <summary>Waits until the program says that all is well: a report is written up to a second after what it tells.</summary>
    private async Task InStepAsync(string program)
    {
        for (var begun = Stopwatch.GetTimestamp(); ; await Task.Delay(50))
        {
            var (exitCode, output) = await TryAsync(program, "status");
            if (exitCode == 0 && output.Contains("2 of 2 get calls", StringComparison.Ordinal))
            {
                return;
            }

            Assert.That(Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline), $"{program} status: {exitCode}\n{output}");
        }
    }

    private static string? Running(int pid) => new FileInfo($"/proc/{pid}/exe").LinkTarget;

    private void Put(string name, string program)
    {
        File.CreateSymbolicLink(_folder.File("next"), program);
        File.Move(_folder.File("next"), _folder.File(name), overwrite: true);
    }

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (exitCode, output) = await TryAsync(program, arguments);
        Assert.That(exitCode, Is.Zero, $"{program} {string.Join(' ', arguments)}:\n{output}");
        return output;
    }

    private async Task<(int ExitCode, string Output)> TryAsync(string program, params string[] arguments)
    {
        await using var process = ServerProcess.Start(program, [.. arguments, .. arguments is ["--version"] ? Array.Empty<string>() : ["--etcd", Etcd.Endpoint]]);
        return (await process.Exited.WaitAsync(Fleet.Deadline), process.Output);
    }

    /// <summary>etcdctl has a line each for PUT or DELETE, the key and the value.</summary>
    private void Note(string line)
    {
        lock (_removed)
        {
            if (line == "DELETE")
            {
                _removed.Add(line);
            }
        }
    }
}
