using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotLockTests : IDisposable
{
    private const int InUse = 1038;

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<SnapshotFile> _log = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void One_daemon_at_a_time_has_it_and_the_other_is_told_once_who()
    {
        using var second = New();
        using (var first = New())
        {
            Assert.That(first.TryHold() && first.TryHold());
            Assert.That(second.TryHold() || second.TryHold(), Is.False);
            Assert.That(_log.Of(InUse).Single(), Does.Contain($"PID {Environment.ProcessId}").And.Contain("--proxy").And.Contain("--state-dir"));
        }

        Assert.That(File.Exists(second.FilePath), Is.False, "it goes with the lock");
        Assert.That(second.TryHold());
    }

    [Test]
    public void Where_there_is_nothing_to_lock_nobody_is_kept_from_anything()
    {
        using var early = new SnapshotLock(_folder.File("none/membership-c+p.snapshot"), _log);
        Assert.That(early.TryHold());

        OtherUser.MakeFifo(_folder.File("membership-c+p.snapshot.lock"));
        using var barred = New();
        Assert.That(barred.TryHold());
        Assert.That(_log.All, Is.Empty);
    }

    [Test]
    public void A_lock_file_that_a_cleaner_took_is_made_anew()
    {
        using var first = New();
        first.TryHold();
        File.Delete(first.FilePath);
        Assert.That(first.TryHold());

        using var second = New();
        Assert.That(second.TryHold(), Is.False);
    }

    private SnapshotLock New() => new(_folder.File("membership-c+p.snapshot"), _log);
}
