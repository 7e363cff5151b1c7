using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests;

/// <summary>What a newcomer runs first, as it stands in the README.</summary>
[Parallelizable]
public class QuickstartTests
{
    /// <summary>It builds the program, and its calls take half a minute.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    [Test]
    public async Task It_ends_well()
    {
        RealServers.Require("etcd", "etcdctl", "kamailio", "sipp");
        await EndsWellAsync();
    }

    [Test]
    public async Task It_ends_well_without_etcd()
    {
        RealServers.Require("kamailio", "sipp");
        await EndsWellAsync("--no-etcd");
    }

    private static async Task EndsWellAsync(params string[] options)
    {
        await using var script = ServerProcess.Start(Path.Combine(RealServers.RepositoryRoot, "samples", "quickstart", "run.sh"), options);

        await Task.WhenAny(script.Exited, Task.Delay(Deadline));
        Assert.That(script.Exited.IsCompleted, $"it goes on after {Deadline.TotalMinutes} minutes:\n{script.Output}");
        Assert.That(await script.Exited, Is.Zero, script.Output);
        Assert.That(script.Output, Does.Contain("OK: no call failed that should not have, and Kamailio's list equals the members announced."));
    }
}
