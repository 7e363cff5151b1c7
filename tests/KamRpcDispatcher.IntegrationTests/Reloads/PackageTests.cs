using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Reloads;

/// <summary>The Debian package: <c>tests/run.sh --package</c> builds it.</summary>
[Category("Package")]
public sealed class PackageTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    [Test]
    public async Task It_is_installed_upgraded_and_downgraded_under_calls_removed_and_purged()
    {
        RealServers.Require("etcd", "etcdctl", "patch", "sipp", "unshare");
        OtherUser.RequireRoot();
        var packages = Given(Environment.GetEnvironmentVariable("KAMRPC_TEST_PACKAGES"));
        await using var script = ServerProcess.Start(
            Path.Combine(RealServers.RepositoryRoot, "tests", "package", "package.sh"),
            [Given(Environment.GetEnvironmentVariable("KAMRPC_TEST_KAMAILIO_ROOT")), Package(packages, "old"), Package(packages, "new")]);

        await Task.WhenAny(script.Exited, Task.Delay(Deadline));
        Assert.That(script.Exited.IsCompleted, $"it goes on after {Deadline.TotalMinutes} minutes:\n{script.Output}");
        Assert.That(await script.Exited, Is.Zero, script.Output);
        await TestContext.Out.WriteLineAsync(script.Output);
        Assert.That(script.Output.TrimEnd(), Does.EndWith("OK"));
    }

    private static string Package(string packages, string version) => Directory.GetFiles(Path.Combine(packages, version), "*.deb").Single();

    private static string Given(string? folder) =>
        folder is { Length: > 0 } ? folder : throw new InvalidOperationException("what is to be installed is not given: tests/run.sh --package does");
}
