using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Dispatch;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

public class LastResortTests
{
    [Test]
    public async Task Whatever_a_command_throws_is_not_done()
    {
        Assert.That(await LastResort.RunAsync(static () => throw new InvalidOperationException("x")), Is.EqualTo(1));
        Assert.That(await LastResort.RunAsync(static () => Task.FromResult(3)), Is.EqualTo(3));
    }

    [Test]
    public void It_is_said_in_one_line_with_its_type_and_what_to_do()
    {
        var line = LastResort.Describe(new InvalidOperationException("nothing\nthere."));

        Assert.That(line, Is.EqualTo("kamrpc: unexpected InvalidOperationException: nothing there. This is a fault of kamrpc; please report it, with what KAMRPC_STACK=1 shows"));
        Assert.That(LastResort.Describe(new AnswerNotWrittenException(new IOException("No space left on device"))), Does.Contain("No space left on device").And.Contain("standard output"));
    }

    [Test]
    public void A_status_is_one_line_whatever_is_in_it()
    {
        Assert.That(SystemdState.OneLine("a\nMAINPID=1\u001b"), Is.EqualTo("a MAINPID=1 "));
        Assert.That(SystemdState.OneLine(new string('x', 5000)), Has.Length.LessThan(500));
    }

    [Test]
    public void That_systemd_is_not_there_ends_nothing()
    {
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", "/none/of/these");
        try
        {
            using var state = new SystemdState();
            Assert.That(() =>
            {
                state.Status("x");
                state.Ready();
                state.Stopping();
            }, Throws.Nothing);
        }
        finally
        {
            Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        }
    }

    [TestCase("10%", 100, 10)]
    [TestCase("0%", 100, 0)]
    [TestCase("0", 100, 0)]
    [TestCase("16M", 100, 16 << 20)]
    [TestCase("2048k", 100, 2 << 20)]
    [TestCase("1g", 100, 1L << 30)]
    public void A_floor_of_memory_is_a_part_or_an_amount(string text, long total, long floor)
    {
        Assert.That(MemoryFloorText.TryParse(text, out var value, out _));
        Assert.That(value.Of(total), Is.EqualTo(floor));
        Assert.That(new DispatcherOptions(null!, "c", null!, "p").MemoryFloor.Of(200), Is.EqualTo(20));
    }

    [TestCase("")]
    [TestCase("%")]
    [TestCase("91%")]
    [TestCase("10")]
    [TestCase("-1M")]
    [TestCase("9999999999999999999G")]
    [TestCase("99999999G")]
    public void Another_floor_is_refused(string text) => Assert.That(MemoryFloorText.TryParse(text, out _, out var error) ? null : error, Does.Contain("such as 16M"));
}
