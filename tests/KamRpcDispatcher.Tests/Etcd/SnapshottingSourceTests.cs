using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using KamRpcDispatcher.Tests.Dispatch;
using NSubstitute;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshottingSourceTests : IAsyncDisposable
{
    private const int Unexpected = 1900;
    private const int NotWritten = 1020;
    private const int Written = 1022;
    private const int InForce = 1024;
    private const int Replaced = 1025;
    private const int NoSnapshot = 1026;
    private const int PartlyReplaced = 1049;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private readonly TemporaryFolder _folder = new();
    private readonly ObservedTime _time = new();
    private readonly LogCapture<SnapshotFile> _fileLog = new();
    private readonly LogCapture<SnapshottingSource> _log = new();
    private readonly FakeMembership _store = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Milestones _changes = new();
    private int _changeCount;
    private Task _running = Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_saved_membership_is_in_force_once_patience_is_over()
    {
        Save(7, "a");
        var source = Start();
        Assert.That(_time.Waits, Is.EqualTo(new[] { Patience }));
        _time.Advance(Patience - Moment);
        Assert.That(source.Current, Is.Null);
        Assert.That(source.Current?.IsFromSnapshot, Is.Not.True);

        _time.Advance(Moment);
        await ChangesAsync(1);
        Assert.That(source.Current!.Revision, Is.EqualTo(7));
        Assert.That(source.Current!.IsFromSnapshot);
        Assert.That(_log.Of(InForce).Single(), Does.Contain("etcd has not told its members, or what operators wish of them, yet (it is out of reach, or slow): using the membership of revision 7 with 1 members saved at 2"));
    }

    [Test]
    public async Task The_store_replaces_the_saved_membership_for_good()
    {
        Save(7, "a", "b");
        var source = Start();
        _time.Advance(Patience);
        await ChangesAsync(1);

        _store.Set(9, Members.Of("b"));
        await ChangesAsync(2);
        Assert.That(source.Current!.Revision, Is.EqualTo(9));
        Assert.That(source.Current?.IsFromSnapshot, Is.Not.True);
        await _fileLog.WaitForAsync(Written);
        Assert.That(_log.Of(Replaced), Has.Count.EqualTo(1));
        Assert.That(Saved()!.Revision, Is.EqualTo(9));
    }

    [Test]
    public async Task A_source_that_has_not_answered_is_named_and_said_to_have_when_it_has()
    {
        Save(7, "a", "b");
        Start();
        _time.Advance(Patience);
        await ChangesAsync(1);

        _store.Set(new Membership(9, [Members.Of("b")], []) { SavedOnly = ["etcd"] });
        await _log.WaitForAsync(PartlyReplaced);
        Assert.That(_log.Of(PartlyReplaced).Single(), Does.Contain("; etcd has not answered: its members stay those of the saved membership of revision 7"));
        Assert.That(_log.Of(Replaced), Is.Empty);
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval);

        _store.Set(11, Members.Of("b"));
        _time.Advance(SnapshottingSource.WriteInterval);
        await _log.WaitForAsync(Replaced);
        Assert.That(_log.Of(Replaced).Single(), Does.StartWith("etcd has answered: its membership of revision 11 replaces the saved one of revision 7"));
    }

    [Test]
    public async Task A_store_that_answers_in_time_is_all_there_is()
    {
        Save(7, "a");
        var source = Start();
        _store.Set(9, Members.Of("b"));
        await _fileLog.WaitForAsync(Written);
        await _time.WaitForWaitsAsync(2);
        _time.Advance(Patience);

        Assert.That(source.Current!.Revision, Is.EqualTo(9));
        Assert.That(_changeCount, Is.EqualTo(1));
        Assert.That(_log.Of(InForce), Is.Empty);
    }

    [Test]
    public async Task An_empty_store_is_an_answer_too()
    {
        Save(7, "a");
        var source = Start();
        _time.Advance(Patience);
        await ChangesAsync(1);
        _store.Set(9);

        Assert.That(source.Current!.Members, Is.Empty);
        Assert.That(source.Current?.IsFromSnapshot, Is.Not.True);
    }

    [Test]
    public async Task Without_a_saved_membership_there_is_none_until_the_store_answers()
    {
        var source = Start();
        _time.Advance(Patience);
        await _log.WaitForAsync(NoSnapshot);
        Assert.That(source.Current, Is.Null);
        Assert.That(source.Current?.IsFromSnapshot, Is.Not.True);

        _store.Set(9, Members.Of("b"));
        await _fileLog.WaitForAsync(Written);
        Assert.That(Saved()!.Revision, Is.EqualTo(9));
    }

    [Test]
    public async Task Changes_in_quick_succession_are_one_write()
    {
        Start();
        _store.Set(1, Members.Of("a"));
        await _time.WaitForWaitsAsync(2);
        Assert.That(Saved()!.Revision, Is.EqualTo(1), "the first is written at once");

        for (var revision = 2; revision <= 9; revision++)
        {
            _store.Set(revision, Members.Of($"a{revision}"));
        }

        _time.Advance(SnapshottingSource.WriteInterval - Moment);
        Assert.That(Saved()!.Revision, Is.EqualTo(1));
        _time.Advance(Moment);
        await _time.WaitForWaitsAsync(3);

        Assert.That(_time.Waits, Is.EqualTo(new[] { Patience, SnapshottingSource.WriteInterval, SnapshottingSource.WriteInterval }));
        Assert.That(_fileLog.Of(Written), Has.Count.EqualTo(2));
        Assert.That(Saved()!.Revision, Is.EqualTo(9));
    }

    [Test]
    public async Task Nothing_is_written_when_the_store_says_what_is_saved()
    {
        Save(7, "a");
        Start();
        _store.Set(7, Members.Of("a"));
        await _time.WaitForWaitsAsync(2);

        Assert.That(_fileLog.Of(Written), Is.Empty);
    }

    [Test]
    public async Task The_last_change_is_saved_before_the_end()
    {
        Start();
        _store.Set(1, Members.Of("a"));
        await _time.WaitForWaitsAsync(2);
        _store.Set(2, Members.Of("b"));
        await _stop.CancelAsync();

        Assert.That(async () => await _running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Saved()!.Revision, Is.EqualTo(2));
    }

    [Test]
    public async Task A_stop_before_the_store_has_answered_leaves_the_saved_membership()
    {
        Save(7, "a");
        Start();
        _time.Advance(Patience);
        await ChangesAsync(1);
        await _stop.CancelAsync();

        Assert.That(async () => await _running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Saved()!.Revision, Is.EqualTo(7));
    }

    [Test]
    public async Task What_the_disk_did_not_take_is_tried_again_without_a_further_change()
    {
        var inTheWay = Directory.CreateDirectory(NewFile().FilePath);
        Start();
        _store.Set(1, Members.Of("a"));
        await _fileLog.WaitForAsync(NotWritten);
        await _time.WaitForWaitsAsync(2);
        Assert.That(_time.Waits[^1], Is.EqualTo(SnapshottingSource.RetryInterval));
        inTheWay.Delete();

        _time.Advance(SnapshottingSource.RetryInterval - Moment);
        Assert.That(Saved(), Is.Null);
        _time.Advance(Moment);
        await _fileLog.WaitForAsync(Written);
        Assert.That(Saved()!.Revision, Is.EqualTo(1));
    }

    [Test]
    public async Task What_vanished_is_put_back_before_the_next_change()
    {
        Start();
        _store.Set(1, Members.Of("a"));
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval);
        _time.Advance(SnapshottingSource.WriteInterval);
        await _time.WaitForWaitAsync(SnapshottingSource.CheckInterval);
        _time.Advance(SnapshottingSource.CheckInterval);
        await _time.WaitForWaitAsync(SnapshottingSource.CheckInterval, 2);
        Assert.That(_fileLog.Of(Written), Has.Count.EqualTo(1), "it is there");

        Directory.Delete(Path.GetDirectoryName(NewFile().FilePath)!, recursive: true);
        _time.Advance(SnapshottingSource.CheckInterval);
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval, 2);

        Assert.That(Saved()!.Revision, Is.EqualTo(1));
    }

    [Test]
    public async Task A_store_that_never_changes_costs_no_memory()
    {
        const int Looks = 2000;
        Start();
        _store.Set(1, Members.Of("a"));
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval);
        _time.Advance(SnapshottingSource.WriteInterval);
        await LookAsync(1, 100);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await LookAsync(101, Looks);

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(Looks * 100));

        async Task LookAsync(int first, int last)
        {
            for (var look = first; look <= last; look++)
            {
                await _time.WaitForWaitAsync(SnapshottingSource.CheckInterval, look);
                _time.Advance(SnapshottingSource.CheckInterval);
            }

            await _time.WaitForWaitAsync(SnapshottingSource.CheckInterval, last + 1);
        }
    }

    [Test]
    public async Task The_store_does_not_wait_for_the_disk()
    {
        using var mayGo = new ManualResetEventSlim();
        var waited = false;
        _fileLog.OnEntry = _ => waited |= !mayGo.Wait(TimeSpan.FromSeconds(10));
        Start();
        _store.Set(1, Members.Of("a"));
        mayGo.Set();
        await _time.WaitForWaitsAsync(2);

        Assert.That(waited, Is.False, "the write was to end before the caller went on");
    }

    [Test]
    public async Task What_another_daemon_has_is_neither_read_nor_written()
    {
        Save(7, "a");
        using var other = new SnapshotLock(NewFile().FilePath, _fileLog);
        other.TryHold();
        using var hold = new SnapshotLock(NewFile().FilePath, _fileLog);
        Membership? seeded = null;
        var source = new SnapshottingSource(_store, NewFile(), Patience, saved => seeded = saved, _time, _log, hold);
        _running = source.RunAsync(static () => { }, _stop.Token);
        _store.Set(9, Members.Of("b"));
        await _time.WaitForWaitAsync(SnapshottingSource.RetryInterval);
        Assert.That((seeded, Saved()!.Revision), Is.EqualTo(((Membership?)null, 7L)));

        other.Dispose();
        _time.Advance(SnapshottingSource.RetryInterval);
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval);
        Assert.That(Saved()!.Revision, Is.EqualTo(9), "the other one has ended");
    }

    [Test]
    public void What_ends_the_source_ends_this_one()
    {
        var broken = Substitute.For<IMembershipSource>();
        broken.RunAsync(Arg.Any<Action>(), Arg.Any<CancellationToken>()).Returns(Task.FromException(new InvalidDataException("broken")));
        var source = new SnapshottingSource(broken, NewFile(), Patience, _ => { }, _time, _log);

        Assert.That(async () => await source.RunAsync(static () => { }, CancellationToken.None), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public async Task What_breaks_the_saving_is_not_kept_quiet_and_breaks_nothing_else()
    {
        _fileLog.OnEntry = static _ => throw new InvalidDataException("broken");
        var source = Start();
        _store.Set(1, Members.Of("a"));

        await _log.WaitForAsync(Unexpected);
        Assert.That(_log.Of(Unexpected).Single(), Does.Contain("InvalidDataException: broken"));
        await _time.WaitForWaitAsync(SnapshottingSource.RetryInterval);
        _fileLog.OnEntry = static _ => { };
        _store.Set(2, Members.Of("a"), Members.Of("b"));
        _time.Advance(SnapshottingSource.RetryInterval);
        await _time.WaitForWaitAsync(SnapshottingSource.WriteInterval);
        Assert.That(Saved()!.Revision, Is.EqualTo(2));
        Assert.That((source.Current!.Revision, _running.IsCompleted), Is.EqualTo((2L, false)));
    }

    [Test]
    public async Task What_breaks_on_what_was_saved_does_not_keep_the_store_from_being_followed()
    {
        Save(7, "a");
        var source = new SnapshottingSource(_store, NewFile(), Patience, static _ => throw new InvalidOperationException("broken"), _time, _log);
        _running = source.RunAsync(static () => { }, _stop.Token);
        _store.Set(8, Members.Of("b"));

        await _log.WaitForAsync(Unexpected);
        Assert.That(source.Current!.Revision, Is.EqualTo(8));
    }

    private SnapshottingSource Start()
    {
        var source = new SnapshottingSource(_store, NewFile(), Patience, _ => { }, _time, _log);
        _running = source.RunAsync(
            () =>
            {
                Interlocked.Increment(ref _changeCount);
                _changes.Passed();
            },
            _stop.Token);
        return source;
    }

    private Task ChangesAsync(int count) => _changes.WaitUntilAsync(() => Volatile.Read(ref _changeCount) >= count);

    private SnapshotFile NewFile() => new(_folder.Path, "c", "p", _fileLog);

    private void Save(long revision, params string[] names) =>
        new SnapshotFile(_folder.Path, "c", "p", new LogCapture<SnapshotFile>()).Write(new Membership(revision, [.. names.Select(static name => Members.Of(name))], []));

    private Membership? Saved() => new SnapshotFile(_folder.Path, "c", "p", new LogCapture<SnapshotFile>()).Read();
}
