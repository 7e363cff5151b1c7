using KamRpcDispatcher.IntegrationTests.Fleets;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>An etcd, and as many announcers as wanted that probe nobody.</summary>
public abstract class AnnouncerFixture
{
    protected const string Members = "/kamrpc/default/members/1/";
    protected const string Key = Members + "a";

    private readonly List<ServerProcess> _processes = [];

    protected EtcdServer Etcd { get; private set; } = null!;

    [SetUp]
    public async Task StartEtcd()
    {
        RealServers.Require("etcd", "etcdctl");
        Etcd = await EtcdServer.StartAsync();
    }

    [TearDown]
    public async Task StopEverything()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _processes.Clear();
        await (Etcd?.DisposeAsync() ?? default);
    }

    /// <summary>What to start for a member "a".</summary>
    protected string[] Arguments(params string[] options) => ArgumentsFor(Etcd, ["--name", "a", .. options]);

    /// <summary>What to start, with names that the options give.</summary>
    protected static string[] ArgumentsFor(EtcdServer etcd, params string[] options) =>
        [.. KamrpcProgram.Prefix, "announce", "--etcd", etcd.Endpoint, "--probe", "none", .. options];

    protected ServerProcess Announce(params string[] options) => Start(KamrpcProgram.File, Arguments(options));

    protected ServerProcess Start(string program, string[] arguments)
    {
        var process = ServerProcess.Start(program, arguments);
        _processes.Add(process);
        return process;
    }

    protected async Task WaitForKeyAsync(string uri)
    {
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (await Etcd.GetAsync(Key) is not { } value || !value.Contains($"\"{uri}\"", StringComparison.Ordinal))
        {
            Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(begun), Is.LessThan(Fleet.Deadline));
        }
    }
}
