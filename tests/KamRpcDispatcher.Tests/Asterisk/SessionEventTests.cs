using KamRpcDispatcher.Asterisk;
using KamRpcDispatcher.Asterisk.Ami;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Asterisk;

public class SessionEventTests
{
    [Test]
    public async Task Waiting_again_and_again_through_a_long_session_leaves_nothing_behind()
    {
        var closed = new TaskCompletionSource<AmiException>();
        var ending = new SessionEvent(TimeProvider.System);
        await WaitAsync(100);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await WaitAsync(20_000);

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(500_000));
        ending.Come();
        Assert.That(await ending.ComesAsync(closed.Task, TimeSpan.FromSeconds(10), default));

        async Task WaitAsync(int times)
        {
            for (var time = 0; time < times; time++)
            {
                Assert.That(await ending.ComesAsync(closed.Task, TimeSpan.Zero, default), Is.False);
            }
        }
    }
}
