using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>Which standard streams a process was not given, by what procfs shows of it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StandardStreamsTests : IDisposable
{
    private const string Reading = "02004000";
    private const string Writing = "02004001";

    private readonly TemporaryFolder _process = new();

    public void Dispose() => _process.Dispose();

    [Test]
    public void One_that_is_missing_or_that_the_runtime_has_was_closed()
    {
        Show(0, "pipe:[7]", Reading);
        Show(1, "anon_inode:[eventpoll]", Writing);
        Show(9, "pipe:[7]", Writing);

        Assert.That(StandardStreams.Closed(_process.Path), Is.EqualTo(new[] { 0, 1, 2 }));
    }

    [Test]
    public void Pipes_from_and_to_others_were_given()
    {
        Show(0, "pipe:[7]", Reading);
        Show(1, "pipe:[8]", Writing);
        Show(2, "pipe:[8]", Writing);
        Show(9, "pipe:[9]", Writing);

        Assert.That(StandardStreams.Closed(_process.Path), Is.Empty);
    }

    [Test]
    public void Where_nothing_can_be_seen_nothing_is_closed()
    {
        Assert.That(StandardStreams.Closed(_process.File("none")), Is.Empty);

        Directory.CreateDirectory(_process.File("fd"));
        Assert.That(StandardStreams.Closed(_process.Path), Is.Empty);
    }

    private void Show(int descriptor, string target, string flags)
    {
        Directory.CreateDirectory(_process.File("fd"));
        Directory.CreateDirectory(_process.File("fdinfo"));
        File.CreateSymbolicLink(_process.File($"fd/{descriptor}"), target);
        File.WriteAllText(_process.File($"fdinfo/{descriptor}"), $"pos:\t0\nflags:\t{flags}\nmnt_id:\t15\n");
    }
}
