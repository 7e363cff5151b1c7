using KamRpcDispatcher.Testing;
using NUnit.Framework;
using NUnit.Framework.Internal;

namespace KamRpcDispatcher.Tests.Testing;

[NonParallelizable] // Sets an environment variable.
public sealed class RealServersTests
{
    private string? _ci;

    [SetUp]
    public void Remember() => _ci = Environment.GetEnvironmentVariable("CI");

    [TearDown]
    public void Restore() => Environment.SetEnvironmentVariable("CI", _ci);

    [Test]
    public void A_test_whose_server_is_missing_is_skipped_with_its_name()
    {
        Environment.SetEnvironmentVariable("CI", null);

        Assert.That(Requiring("sh", "no-such-server"), Throws.InstanceOf<IgnoreException>().With.Message.StartsWith("no-such-server is not installed: skipped"));
    }

    [Test]
    public void What_the_environment_hides_is_missing()
    {
        Environment.SetEnvironmentVariable("CI", null);
        Environment.SetEnvironmentVariable("KAMRPC_TEST_WITHOUT", "etcd,sh");
        try
        {
            Assert.That(Requiring("sh"), Throws.InstanceOf<IgnoreException>());
            Assert.That(Requiring("env"), Throws.Nothing);
        }
        finally
        {
            Environment.SetEnvironmentVariable("KAMRPC_TEST_WITHOUT", null);
        }
    }

    [Test]
    public void In_CI_it_fails()
    {
        Environment.SetEnvironmentVariable("CI", "true");

        Assert.That(Requiring("sh", "no-such-server"), Throws.InstanceOf<AssertionException>().With.Message.Contains("no-such-server is not installed"));
    }

    [Test]
    public void With_all_servers_there_it_goes_on() => Assert.That(Requiring("sh"), Throws.Nothing);

    [Test]
    public void The_repository_is_found() => Assert.That(Path.Combine(RealServers.RepositoryRoot, "Directory.Packages.props"), Does.Exist);

    /// <summary>In a context of its own, so that a failure in there is not one of this test.</summary>
    private static Action Requiring(params string[] programs) => () =>
    {
        using var isolated = new TestExecutionContext.IsolatedContext();
        RealServers.Require(programs);
    };
}
