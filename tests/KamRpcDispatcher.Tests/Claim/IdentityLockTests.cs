using System.Diagnostics;
using KamailioRpc.Commands;
using KamRpcDispatcher.Claim;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Etcd;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Claim;

/// <summary>The lock that is named after Kamailio's main process; this process plays it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class IdentityLockTests : IDisposable
{
    private const int NotLockable = 2204;
    private const int StrangeHolder = 2205;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new();
    private readonly LogCapture<KamailioClaim> _log = new();
    private readonly List<IdentityLock> _locks = [];
    private IReadOnlyList<KamailioProcess> _processes = [new(Environment.ProcessId, "main process - attendant")];
    private string? _stranger;
    private int _asked;

    public void Dispose()
    {
        _locks.ForEach(static taken => taken.Dispose());
        _folder.Dispose();
    }

    [Test]
    public async Task The_second_is_refused_and_told_who_the_first_is()
    {
        var first = Lock($"first (PID {Environment.ProcessId})");
        await first.EnsureAsync(default);

        Assert.That(() => Lock("second").EnsureAsync(default), Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("first"));
        await first.EnsureAsync(default);
        Assert.That(_asked, Is.EqualTo(2), "Kamailio is asked once a start");
    }

    [Test]
    public async Task A_text_of_somebody_else_than_the_holder_is_not_repeated()
    {
        var first = Lock("somebody before (PID 1)");
        await first.EnsureAsync(default);

        Assert.That(() => Lock("second").EnsureAsync(default), Throws.InstanceOf<ProxyTakenException>().With.Message.Contain($"PID {Environment.ProcessId}").And.Message.Not.Contain("before"));
    }

    [Test]
    public async Task Every_user_may_read_and_so_lock_it_and_nothing_of_it_stays()
    {
        var first = Lock("first");
        await first.EnsureAsync(default);
        var file = Directory.GetFiles(_folder.Path).Single();
        Assert.That(FileStatus.Of(file)!.Value.Mode, Is.EqualTo((UnixFileMode)0x1a4));
        Assert.That(Path.GetFileName(file), Does.StartWith($"kamrpc-{Machine.PidNamespace}-{Environment.ProcessId}-"));

        first.Dispose();
        Assert.That(Directory.GetFiles(_folder.Path), Is.Empty);
        await Lock("second").EnsureAsync(default);
    }

    [Test]
    public async Task A_file_that_was_cleaned_away_is_made_and_locked_again()
    {
        var first = Lock("first");
        await first.EnsureAsync(default);
        File.Delete(first.Path!);

        await first.EnsureAsync(default);

        Assert.That(() => Lock("second").EnsureAsync(default), Throws.InstanceOf<ProxyTakenException>());
    }

    [Test]
    public async Task Processes_that_are_not_here_are_not_locked_and_asked_for_again_a_little_later()
    {
        _stranger = "not here";
        var first = Lock("first");
        await first.EnsureAsync(default);
        await first.EnsureAsync(default);
        Assert.That((first.Path, _asked), Is.EqualTo(((string?)null, 1)));

        _stranger = null;
        _time.Advance(TimeSpan.FromSeconds(5));
        await first.EnsureAsync(default);
        Assert.That(first.Path, Is.Not.Null);
    }

    [Test]
    public async Task A_Kamailio_that_was_started_anew_is_another_one()
    {
        var first = Lock("first");
        await first.EnsureAsync(default);
        var before = first.Path;
        using var child = Process.Start("sleep", "60");
        try
        {
            _processes = [new(child.Id, "main process - attendant")];
            var second = Lock("second");
            await second.EnsureAsync(default);
            Assert.That(second.Path, Is.Not.EqualTo(before));
        }
        finally
        {
            child.Kill();
        }

        await child.WaitForExitAsync();
        _processes = [new(Environment.ProcessId, "main process - attendant")];
        Assert.That(() => _locks[1].EnsureAsync(default), Throws.InstanceOf<ProxyTakenException>().With.Message.Contain("PID"));
    }

    [Test]
    public async Task What_killed_daemons_left_of_Kamailios_that_have_ended_is_removed_and_nothing_else()
    {
        using var child = Process.Start("true");
        await child.WaitForExitAsync();
        var (gone, reused) = (Left(Machine.PidNamespace, child.Id, "1"), Left(Machine.PidNamespace, Environment.ProcessId, "1"));
        string[] others = [Left(Machine.PidNamespace, 1, ProcessInstance.StartOf(1)!), Left("1", child.Id, "1"), _folder.File("kamrpc-127.0.0.1-8090.lock"), _folder.File($"kamrpc-{Machine.PidNamespace}-x.lock")];
        foreach (var file in others.Append(gone).Append(reused))
        {
            File.WriteAllText(file, "killed");
        }

        var first = Lock("first");
        await first.EnsureAsync(default);

        Assert.That(Directory.GetFiles(_folder.Path), Is.EquivalentTo(others.Append(first.Path)));

        string Left(string space, int pid, string start) => _folder.File($"kamrpc-{space}-{pid}-{start}.lock");
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_file_of_a_stranger_or_a_link_is_left_alone_and_said(bool isLink)
    {
        OtherUser.RequireRoot();
        using var probe = Lock("probe");
        await probe.EnsureAsync(default);
        var path = probe.Path!;
        probe.Dispose();
        File.WriteAllText(_folder.File("canary"), "canary");
        if (isLink)
        {
            File.CreateSymbolicLink(path, _folder.File("canary"));
        }
        else
        {
            File.WriteAllText(path, "stranger");
            OtherUser.Give(path);
        }

        await Lock("first").EnsureAsync(default);

        Assert.That(File.ReadAllText(_folder.File("canary")), Is.EqualTo("canary"));
        Assert.That(File.ReadAllText(path), Is.EqualTo(isLink ? "canary" : "stranger"));
        Assert.That(_log.Of(NotLockable), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_stranger_who_holds_the_lock_keeps_nobody_from_his_work()
    {
        OtherUser.RequireRoot();
        using var probe = Lock("probe");
        await probe.EnsureAsync(default);
        var path = probe.Path!;
        probe.Dispose();
        File.WriteAllText(path, "root's of before (PID 1)");
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0x1ed);
        File.SetUnixFileMode(path, (UnixFileMode)0x1a4);
        using var prank = Process.Start(new ProcessStartInfo("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "flock", "--no-fork", path, "sh", "-c", "echo locked; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            Assert.That(await prank.StandardOutput.ReadLineAsync(), Is.EqualTo("locked"));

            Assert.That(() => Lock("first").EnsureAsync(default), Throws.Nothing);

            Assert.That(_log.Of(StrangeHolder).Single(), Does.Contain($"PID {prank.Id} of another user"));
        }
        finally
        {
            prank.Kill();
        }
    }

    private IdentityLock Lock(string holder)
    {
        var taken = new IdentityLock(
            _ =>
            {
                _asked++;
                return Task.FromResult(_processes);
            },
            _ => _stranger,
            holder,
            _folder.Path,
            _time,
            _log);
        _locks.Add(taken);
        return taken;
    }
}
