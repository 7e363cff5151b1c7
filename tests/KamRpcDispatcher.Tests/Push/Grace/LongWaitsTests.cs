using KamRpcDispatcher.Processes;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Grace;

public class LongWaitsTests
{
    private const string Lock = "202 0x7f70ad6c9db4 0x0 0x2";

    private readonly FakeTimeProvider _clock = new();

    [Test]
    public void Half_a_second_in_one_wait_is_long()
    {
        var waits = new LongWaits(_clock);

        Assert.That(waits.IsLong(7, Lock, switches: 3), Is.False);
        _clock.Advance(TimeSpan.FromMilliseconds(499));
        Assert.That(waits.IsLong(7, Lock, switches: 3), Is.False);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(waits.IsLong(7, Lock, switches: 3), Is.True);
        Assert.That(waits.IsLong(8, Lock, switches: 3), Is.False, "another thread");
    }

    [TestCase(Lock, 4, TestName = "who has moved in between waits anew")]
    [TestCase("202 0x7f70ad6c9dcc 0x0 0x2", 3, TestName = "another lock is another wait")]
    public void Another_wait_begins_anew(string wait, int switches)
    {
        var waits = new LongWaits(_clock);
        waits.IsLong(7, Lock, switches: 3);
        _clock.Advance(TimeSpan.FromMilliseconds(10_000));

        Assert.That(waits.IsLong(7, wait, switches), Is.False);
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.That(waits.IsLong(7, wait, switches), Is.True);
    }
}
