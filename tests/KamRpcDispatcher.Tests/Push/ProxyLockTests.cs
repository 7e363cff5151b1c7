using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ProxyLockTests : IDisposable
{
    private const string Name = "kamailio_rpc.sock";
    private const int NotLockable = 2007;

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<ProxyLock> _log = new();
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
    public void A_lock_that_was_let_go_leaves_nothing_and_blocks_nobody()
    {
        var first = Lock("first");
        first.Ensure();
        first.Dispose();
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);

        Assert.That(Lock("second").Ensure, Throws.Nothing);
    }

    [Test]
    public void A_file_that_a_killed_daemon_left_is_taken_and_that_of_somebody_else_by_now_is_left_alone()
    {
        File.WriteAllText(_folder.File(Name), "killed (PID 1)");
        var first = Lock("first");
        first.Ensure();
        File.Delete(first.Path);
        var second = Lock("second");
        second.Ensure();

        first.Dispose();

        Assert.That(Lock("third").Ensure, Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("second"));
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

    [Test]
    public void Beside_a_socket_that_is_not_there_no_file_is_left_behind()
    {
        using var first = Beside("wrong.sock", "first");
        first.Ensure();

        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    [Test]
    public void Once_the_socket_is_there_the_lock_is_taken_and_it_is_kept_when_the_socket_goes()
    {
        using var first = Beside("late.sock", "first");
        using var second = Beside("late.sock", "second");
        first.Ensure();
        File.WriteAllText(_folder.File("late.sock"), string.Empty);
        first.Ensure();
        Assert.That(second.Ensure, Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("first"));

        File.Delete(_folder.File("late.sock"));

        Assert.That(second.Ensure, Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("first"));
    }

    [TestCase(nameof(SymbolicLink))]
    [TestCase(nameof(HardLink))]
    [TestCase(nameof(Fifo))]
    [TestCase(nameof(LongFile))]
    public void What_the_directorys_owner_put_in_the_place_of_the_file_is_not_touched_and_said(string plant)
    {
        var canary = _folder.File("canary");
        var content = plant == nameof(LongFile) ? new string('x', 1000) : "root:secret";
        File.WriteAllText(canary, content);
        Action<string, string> put = plant switch { nameof(SymbolicLink) => SymbolicLink, nameof(HardLink) => HardLink, nameof(Fifo) => Fifo, _ => LongFile };
        put(canary, _folder.File(Name));
        var first = Lock("first");

        Assert.That(first.Ensure, Throws.Nothing, "the daemon goes on");
        first.Ensure();

        Assert.That(File.ReadAllText(File.Exists(canary) ? canary : _folder.File(Name)), Is.EqualTo(content));
        Assert.That(_log.Of(NotLockable).Single(), Does.Contain(first.Path));
        Assert.That(ProxyLock.ReadHolder(first.Path), Is.Null.Or.Not.Contain("secret"), "nor shown to whoever asks who holds the lock");
    }

    [Test]
    public void A_directory_that_is_another_users_link_is_not_entered()
    {
        OtherUser.RequireRoot();
        Directory.CreateDirectory(_folder.File("target"));
        Directory.CreateSymbolicLink(_folder.File("run"), _folder.File("target"));
        OtherUser.Give(_folder.File("run"));
        using var first = new ProxyLock(_folder.File("run/kamailio_rpc.sock"), "first", _log);

        first.Ensure();

        Assert.That(Directory.GetFileSystemEntries(_folder.File("target")), Is.Empty);
        Assert.That(_log.Of(NotLockable).Single(), Does.Contain("symbolic link"));
    }

    [Test]
    public void A_lock_file_of_Kamailios_user_in_his_own_directory_is_taken()
    {
        OtherUser.RequireRoot();
        Directory.CreateDirectory(_folder.File("run"));
        File.WriteAllText(_folder.File("run/lock"), "kamailio's own daemon (PID 1)");
        OtherUser.Give(_folder.File("run"));
        OtherUser.Give(_folder.File("run/lock"));
        using var first = new ProxyLock(_folder.File("run/lock"), "first", _log);
        using var second = new ProxyLock(_folder.File("run/lock"), "second", _log);
        first.Ensure();

        Assert.That(second.Ensure, Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("first"));
        Assert.That(_log.Of(NotLockable), Is.Empty);
    }

    [Test]
    public void A_lock_file_of_a_stranger_in_a_directory_for_all_is_not_believed()
    {
        OtherUser.RequireRoot();
        File.WriteAllText(_folder.File(Name), "stranger");
        OtherUser.Give(_folder.File(Name));

        Lock("first").Ensure();

        Assert.That(File.ReadAllText(_folder.File(Name)), Is.EqualTo("stranger"));
        Assert.That(_log.Of(NotLockable).Single(), Does.Contain("another user"));
    }

    private static void SymbolicLink(string canary, string path) => File.CreateSymbolicLink(path, canary);

    private static void HardLink(string canary, string path) => OtherUser.HardLink(canary, path);

    private static void Fifo(string canary, string path) => OtherUser.MakeFifo(path);

    private static void LongFile(string canary, string path) => File.Move(canary, path);

    private ProxyLock Beside(string socket, string holder) => new(_folder.File(socket + ".kamrpc-lock"), holder, _log, _folder.File(socket));

    private ProxyLock Lock(string holder)
    {
        var taken = new ProxyLock(_folder.File(Name), holder, _log);
        _locks.Add(taken);
        return taken;
    }
}
