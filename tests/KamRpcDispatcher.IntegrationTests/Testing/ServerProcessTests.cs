using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.IntegrationTests.Testing;

public sealed class ServerProcessTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Its_lines_can_be_waited_for_also_those_that_were_said_already()
    {
        await using var shell = Shell("echo one; echo two >&2; read -r line; exit 3");

        await shell.WaitForLineAsync("two", Soon);
        Assert.That(await shell.WaitForLineAsync("on", Soon), Is.EqualTo("one"));
        Assert.That(() => shell.WaitForLineAsync("three", TimeSpan.FromMilliseconds(10)), Throws.InstanceOf<TimeoutException>().With.Message.Contains("one"));

        shell.Signal(UnixSignals.Terminate);
        Assert.That(() => shell.WaitForLineAsync("three", Soon), Throws.InvalidOperationException);
        Assert.That(await shell.Exited, Is.EqualTo(128 + UnixSignals.Terminate));
    }

    [Test]
    public async Task A_stop_is_a_request_and_then_a_kill()
    {
        await using var deaf = Shell("trap '' TERM; echo deaf; while :; do sleep 1; done");
        await deaf.WaitForLineAsync("deaf", Soon);

        await deaf.StopAsync(TimeSpan.FromMilliseconds(100));

        Assert.That(await deaf.Exited, Is.EqualTo(128 + UnixSignals.Kill));
    }

    [Test]
    public async Task Its_children_go_with_it()
    {
        await using var parent = Shell("sleep 1000 & echo started; wait");
        await parent.WaitForLineAsync("started", Soon);

        await parent.DisposeAsync();

        Assert.That(parent.Gone.IsCompletedSuccessfully, "The child held the output open");
    }

    [Test]
    public async Task Its_output_is_written_to_a_file_too()
    {
        using var folder = new TemporaryFolder();
        await using var shell = ServerProcess.Start("sh", ["-c", "echo one; echo two"], folder.File("log"));

        await shell.Gone.WaitAsync(Soon);

        Assert.That(await File.ReadAllTextAsync(folder.File("log")), Is.EqualTo("one\ntwo\n"));
    }

    private static ServerProcess Shell(string script) => ServerProcess.Start("sh", ["-c", script]);
}
