using KamRpcDispatcher.Push;
using KamRpcDispatcher.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProxyLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ProxyLock> _locks = [];

    public void Dispose()
    {
        _locks.ForEach(static taken => taken.Dispose());
        _folder.Dispose();
    }

    [Test]
    public void The_second_daemon_is_refused_and_told_who_the_first_is()
    {
        Lock("proxy-1 (PID 4711)").Ensure();

        var taken = Assert.Throws<ProxyTakenException>(() => Lock("proxy-2").Ensure());
        Assert.That(taken.Message, Does.Contain("proxy-1 (PID 4711)"));
    }

    [Test]
    public void A_lock_that_was_let_go_blocks_nobody_though_its_file_stays()
    {
        var first = Lock("first");
        first.Ensure();
        first.Dispose();
        Assert.That(first.Path, Does.Exist);

        Assert.That(Lock("second").Ensure, Throws.Nothing);
    }

    [Test]
    public void A_lock_is_held_however_often_it_is_looked_after()
    {
        var first = Lock("first");
        first.Ensure();
        first.Ensure();

        Assert.That(Lock("second").Ensure, Throws.InstanceOf<ProxyTakenException>());
    }

    [Test]
    public void When_the_directory_went_and_came_back_the_lock_is_taken_again()
    {
        var first = Lock("first");
        first.Ensure();
        File.Delete(first.Path);

        first.Ensure();

        Assert.That(Lock("second").Ensure, Throws.InstanceOf<ProxyTakenException>());
    }

    [Test]
    public void When_another_was_faster_then_the_first_gives_way()
    {
        var first = Lock("first");
        first.Ensure();
        File.Delete(first.Path);
        Lock("second").Ensure();

        Assert.That(first.Ensure, Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("second"));
    }

    [Test]
    public void Without_the_directory_there_is_nothing_to_lock_yet() =>
        Assert.That(new ProxyLock(_folder.File("missing/kamailio_rpc.sock"), "first", NullLogger<ProxyLock>.Instance).Ensure, Throws.Nothing);

    private ProxyLock Lock(string holder)
    {
        var taken = new ProxyLock(_folder.File("kamailio_rpc.sock"), holder, NullLogger<ProxyLock>.Instance);
        _locks.Add(taken);
        return taken;
    }
}
