using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Etcd;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SnapshotFileTests : IDisposable
{
    private const int NotWritten = 1020;
    private const int WrittenAgain = 1021;
    private const int Written = 1022;
    private const int Unusable = 1023;
    private const int OpenToOthers = 1029;

    private static readonly Membership Two = new(42, [Members.Of("a"), Members.Of("b", set: 2) with { CreatedRevision = 7, Weight = 5 }], []);

    private readonly TemporaryFolder _folder = new();
    private readonly LogCapture<SnapshotFile> _log = new();
    private readonly string _directory;
    private readonly SnapshotFile _file;

    public SnapshotFileTests()
    {
        _directory = _folder.File("state");
        _file = New();
    }

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_next_daemon_reads_what_this_one_wrote()
    {
        Assert.That(_file.Write(new Membership(41, [], [])));
        Assert.That(_file.Write(Two));

        var next = New();
        Assert.That(SnapshotFormatTests.IsSame(next.Read()!, Two));
        Assert.That(next.SavedAt, Is.EqualTo(new DateTimeOffset(File.GetLastWriteTimeUtc(_file.FilePath))));
        Assert.That(Path.GetFileName(_file.FilePath), Is.EqualTo("membership-c+p.snapshot"));
    }

    [Test]
    public void Proxies_of_one_user_have_a_file_each_whatever_they_and_their_clusters_are_called()
    {
        var (a, b) = (new string('a', 128), new string('b', 128));
        (string Cluster, string Proxy)[] names = [("c", "p"), ("c", "q"), ("d", "p"), ("c-p", "q"), ("c", "p-q"), (a, b), (a, b[1..] + "c")];
        var files = Array.ConvertAll(names, name => new SnapshotFile(_directory, name.Cluster, name.Proxy, _log));
        for (var number = 0; number < files.Length; number++)
        {
            Assert.That(files[number].Write(Two with { Revision = number }), names[number].ToString());
        }

        Assert.That(files.Select(static file => file.Read()!.Revision), Is.EqualTo(Enumerable.Range(0, files.Length)));
    }

    [Test]
    public void What_the_version_before_wrote_is_read_until_there_is_a_successor_and_then_goes()
    {
        var saved = new Membership(42, [Members.Of("a") with { CreatedRevision = 5 }], []);
        WriteAsBefore(saved);
        Assert.That(SnapshotFormatTests.IsSame(_file.Read()!, saved));

        _file.Write(new Membership(43, [Members.Of("a") with { CreatedRevision = 5, Weight = 7 }], []));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { _file.FilePath }), "some day another proxy would start from it");
        Assert.That(New().Read()!.Revision, Is.EqualTo(43));
    }

    [Test]
    public void What_the_version_before_wrote_stays_where_nothing_of_it_is_in_the_store_that_answers_for_it_may_be_another_proxys()
    {
        WriteAsBefore(new Membership(42, [Members.Of("a") with { CreatedRevision = 5 }], []));
        _file.Read();
        _file.Write(new Membership(9, [Members.Of("a") with { CreatedRevision = 8 }], []));

        Assert.That(File.Exists(_file.EarlierPath));
        Assert.That(New().Read()!.Revision, Is.EqualTo(9));
    }

    [Test]
    public void What_the_version_before_wrote_of_no_members_is_not_read_for_it_may_be_another_proxys()
    {
        WriteAsBefore(new Membership(42, [], []));
        Assert.That(_file.Read(), Is.Null);
    }

    [TestCase(42, 43, true)]
    [TestCase(43, 42, false)]
    [TestCase(43, 43, false)]
    public void Of_what_the_version_before_wrote_and_the_own_file_the_newer_is_read_whichever_was_written_last(long own, long before, bool isBefore)
    {
        WriteBoth(Of(own, 5), Of(before, 5), isBeforeLater: !isBefore);

        Assert.That(_file.Read()!.Revision, Is.EqualTo(isBefore ? before : own));
        Assert.That(_file.SavedAt, Is.EqualTo(new DateTimeOffset(File.GetLastWriteTimeUtc(isBefore ? _file.EarlierPath : _file.FilePath))));

        // It goes with the next write, be it the same as before.
        _file.Write(Of(Math.Max(own, before) + 1, 5));
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { _file.FilePath }));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Where_nothing_tells_whether_the_two_are_of_one_store_that_is_read_which_was_written_later(bool isBeforeLater)
    {
        WriteBoth(Of(42, 5), Of(43, 8), isBeforeLater);
        Assert.That(_file.Read()!.Revision, Is.EqualTo(isBeforeLater ? 43 : 42));
    }

    [Test]
    public void Where_the_version_before_saved_no_more_than_is_in_the_own_file_by_now_that_is_written_all_the_same()
    {
        WriteBoth(Of(42, 5), Of(43, 5), isBeforeLater: true);
        _file.Read();
        _file.Write(Of(42, 5));

        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { _file.FilePath }), "else the other one is read at each start");
    }

    [Test]
    public void Where_the_own_file_cannot_be_used_what_the_version_before_wrote_is()
    {
        WriteBoth(Of(44, 5), Of(43, 5), isBeforeLater: false);
        File.WriteAllText(_file.FilePath, "rubbish");

        Assert.That(_file.Read()!.Revision, Is.EqualTo(43));
    }

    [Test]
    public void Without_a_file_there_is_nothing_to_read_or_to_say()
    {
        Assert.That(_file.Read(), Is.Null);
        Directory.CreateDirectory(_directory);
        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(Unusable), Is.Empty);
    }

    [Test]
    public void Only_the_owner_can_read_it()
    {
        _file.Write(Two);

        Assert.That(File.GetUnixFileMode(_file.FilePath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(File.GetUnixFileMode(_directory), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
    }

    [TestCase("../c")]
    [TestCase("a/b")]
    [TestCase("")]
    public void A_cluster_or_a_proxy_that_would_lead_elsewhere_is_refused(string name)
    {
        Assert.That(() => new SnapshotFile(_directory, name, "p", _log), Throws.ArgumentException);
        Assert.That(() => new SnapshotFile(_directory, "c", name, _log), Throws.ArgumentException);
    }

    [Test]
    public void What_is_in_the_file_already_is_not_written_again()
    {
        _file.Write(Two);
        _file.Write(Two);
        var next = New();
        next.Read();
        next.Write(Two);
        Assert.That(_log.Of(Written), Has.Count.EqualTo(1));

        next.Write(Two with { Revision = 43 });
        Assert.That(_log.Of(Written), Has.Count.EqualTo(2));

        File.Delete(_file.FilePath);
        next.Write(Two with { Revision = 43 });
        Assert.That(File.Exists(_file.FilePath), "a file that somebody deleted comes back");
    }

    [TestCase(true)]
    [TestCase(false)]
    public void What_a_link_in_its_place_leads_to_is_neither_read_nor_written(bool isSymbolic)
    {
        var canary = _folder.File("canary");
        File.WriteAllText(canary, "root:secret");
        Directory.CreateDirectory(_directory);
        if (isSymbolic)
        {
            File.CreateSymbolicLink(_file.FilePath, canary);
        }
        else
        {
            OtherUser.HardLink(canary, _file.FilePath);
        }

        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(Unusable).Single(), Does.Contain("link").And.Not.Contain("secret"));
        Assert.That(_file.Write(Two));
        Assert.That(File.ReadAllText(canary), Is.EqualTo("root:secret"));
        Assert.That(SnapshotFormatTests.IsSame(New().Read()!, Two));
    }

    [Test]
    public void A_directory_that_is_another_users_link_is_not_written()
    {
        OtherUser.RequireRoot();
        Directory.CreateDirectory(_folder.File("target"));
        Directory.CreateSymbolicLink(_directory, _folder.File("target"));
        OtherUser.Give(_directory);

        Assert.That(_file.Write(Two), Is.False);
        Assert.That(_file.Read(), Is.Null);

        Assert.That(Directory.GetFileSystemEntries(_folder.File("target")), Is.Empty);
        Assert.That(_log.Of(NotWritten).Single(), Does.Contain("symbolic link of another user's"));
    }

    [Test]
    public void A_membership_that_a_stranger_wrote_is_not_used()
    {
        OtherUser.RequireRoot();
        _file.Write(Two);
        OtherUser.Give(_file.FilePath);

        Assert.That(New().Read(), Is.Null);
        Assert.That(_log.Of(Unusable).Single(), Does.Contain("another user"));
    }

    [Test]
    public void Nor_is_one_that_others_may_write_but_it_stays_for_whoever_shuts_it()
    {
        _file.Write(Two);
        SetMode("660");

        Assert.That(New().Read(), Is.Null);
        Assert.That(_log.Of(OpenToOthers).Single(), Does.Contain("may be written by others (its mode is 660)").And.Contain($"chmod 600 {_file.FilePath}").And.Contain("fsGroupChangePolicy: OnRootMismatch"));
        Assert.That(_log.Of(Unusable), Is.Empty);
        Assert.That(Directory.GetFiles(_directory), Is.EqualTo(new[] { _file.FilePath }));

        SetMode("600");
        Assert.That(SnapshotFormatTests.IsSame(New().Read()!, Two));
    }

    /// <summary>As Kubernetes gives an emptyDir to a group (fsGroup), with the mode 2777.</summary>
    [Test]
    public void Below_a_directory_in_which_everybody_may_write_it_has_one_of_its_own()
    {
        Directory.CreateDirectory(_directory);
        File.SetUnixFileMode(_directory, (UnixFileMode)0b10_111_111_111);
        _file.Write(Two);
        Assert.That(New().Read(), Is.Null, "in the directory itself");

        SnapshotFile Below() => new(Path.Combine(_directory, "own"), "c", "p", _log);
        Below().Write(Two);
        Assert.That(SnapshotFormatTests.IsSame(Below().Read()!, Two));
    }

    [Test]
    public void One_that_others_may_write_is_replaced_by_the_same_membership_too()
    {
        _file.Write(Two);
        SetMode("660");
        Assert.That(_file.Read(), Is.Null);

        _file.Write(Two);

        Assert.That(SnapshotFormatTests.IsSame(New().Read()!, Two));
    }

    [Test]
    public void Nor_is_one_in_a_strangers_directory()
    {
        OtherUser.RequireRoot();
        _file.Write(Two);
        OtherUser.Give(_directory);
        Assert.That(New().Read(), Is.Null, "he may have put another one of this user's in its place");
        Assert.That(_log.Of(OpenToOthers).Single(), Does.Contain($"the directory {_directory} belongs to another user (UID {OtherUser.Id})").And.Contain($"chown 0 {_directory}, and start anew"));
        Assert.That(_log.Of(Unusable), Is.Empty);
        Assert.That(_file.FilePath, Does.Exist);
    }

    [TestCase("777", false)]
    [TestCase("703", false)]
    [TestCase("1777", true, Description = "as the image has it")]
    [TestCase("2770", true, Description = "as Kubernetes gives a volume to a group")]
    public void Nor_is_one_in_a_directory_in_which_everybody_may_put_another_in_its_place(string mode, bool isBelieved)
    {
        _file.Write(Two);
        SetMode(mode, _directory);

        Assert.That(New().Read() is not null, Is.EqualTo(isBelieved));
        Assert.That(_log.Of(OpenToOthers), isBelieved ? Is.Empty : Has.One.Contain($"everybody may write to the directory {_directory} (its mode is {mode})").And.One.Contain($"chmod 700 {_directory}, and start anew"));
    }

    [Test]
    public void That_everybody_may_write_to_the_directory_is_told_before_there_is_a_file_in_it()
    {
        Directory.CreateDirectory(_directory);
        SetMode("777", _directory);

        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(OpenToOthers), Has.Count.EqualTo(1));
    }

    [Test]
    [CancelAfter(10_000)]
    public void A_FIFO_in_its_place_holds_nobody_up()
    {
        Directory.CreateDirectory(_directory);
        OtherUser.MakeFifo(_file.FilePath);

        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(Unusable).Single(), Does.Contain("not a regular file"));
        Assert.That(_file.Write(Two));
        Assert.That(SnapshotFormatTests.IsSame(New().Read()!, Two));
    }

    [Test]
    public void Cut_short_anywhere_it_is_set_aside()
    {
        _file.Write(Two);
        var content = File.ReadAllBytes(_file.FilePath);
        for (var length = 0; length < content.Length; length++)
        {
            AssertSetAsideOrSame(content[..length], $"cut to {length} bytes");
        }
    }

    [Test]
    public void Damaged_anywhere_it_is_set_aside()
    {
        _file.Write(Two);
        var content = File.ReadAllBytes(_file.FilePath);
        for (var place = 0; place < content.Length; place++)
        {
            byte[] damaged = [.. content];
            damaged[place] ^= (byte)(1 << (place % 8));
            AssertSetAsideOrSame(damaged, $"byte {place}");
        }
    }

    [Test]
    public void The_file_of_another_version_is_set_aside_and_said_so()
    {
        _file.Write(Two);
        File.WriteAllText(_file.FilePath, File.ReadAllText(_file.FilePath).Replace("format 1,", "format 2,", StringComparison.Ordinal));

        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(Unusable).Single(), Does.Contain(_file.FilePath).And.Contain("format '2', not 1").And.Contain("corrupt-1").And.Contain("as soon as the members' source answers"));
    }

    [Test]
    public void The_file_of_another_cluster_is_set_aside()
    {
        var other = new SnapshotFile(_directory, "d", "p", _log);
        other.Write(Two);
        File.Move(other.FilePath, _file.FilePath);

        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(Unusable).Single(), Does.Contain("the cluster 'd'"));
        Assert.That(File.Exists(_file.FilePath), Is.False);
    }

    [Test]
    public void A_huge_file_is_set_aside_unread()
    {
        Directory.CreateDirectory(_directory);
        using (var huge = File.Create(_file.FilePath))
        {
            huge.SetLength(SnapshotFile.MaxLength + 1L);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(_file.Read(), Is.Null);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1024 * 1024));
        Assert.That(_log.Of(Unusable).Single(), Does.Contain("67108865 bytes"));
    }

    [Test]
    public void Of_the_files_set_aside_the_newest_few_are_kept()
    {
        Directory.CreateDirectory(_directory);
        for (var number = 1; number <= SnapshotFile.MaxSetAside + 2; number++)
        {
            File.WriteAllText(_file.FilePath, $"rubbish {number}");
            _file.Read();
        }

        var kept = Directory.GetFiles(_directory).Order(StringComparer.Ordinal).Select(File.ReadAllText);
        Assert.That(kept, Is.EqualTo(new[] { "rubbish 5", "rubbish 4", "rubbish 3" }));
    }

    [Test]
    public void After_a_bad_file_the_same_membership_is_written()
    {
        _file.Write(Two);
        File.WriteAllText(_file.FilePath, "rubbish");
        _file.Read();
        _file.Write(Two);

        Assert.That(New().Read(), Is.Not.Null);
    }

    [Test]
    public void A_disk_that_takes_nothing_is_told_once_and_its_recovery_too()
    {
        // Below a regular file: root may write everywhere else.
        File.WriteAllText(_directory, "in the way");
        Assert.That(_file.Write(Two), Is.False);
        Assert.That(_file.Write(Two), Is.False);
        Assert.That(_file.Read(), Is.Null);
        Assert.That(_log.Of(NotWritten), Has.Count.EqualTo(1));
        Assert.That(_log.Of(NotWritten).Single(), Does.Contain(_file.FilePath));

        File.Delete(_directory);
        Assert.That(_file.Write(Two));
        Assert.That(_file.Write(Two with { Revision = 43 }));
        Assert.That(_log.Of(WrittenAgain), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_write_that_fails_at_the_last_step_leaves_nothing_behind()
    {
        Directory.CreateDirectory(Path.Combine(_file.FilePath, "not empty"));

        Assert.That(_file.Write(Two), Is.False);
        Assert.That(Directory.GetFileSystemEntries(_directory), Is.EqualTo(new[] { _file.FilePath }));
        Assert.That(_file.Read(), Is.Null);
    }

    [Test]
    public void What_a_killed_daemon_left_is_removed_but_not_what_another_one_is_writing()
    {
        Directory.CreateDirectory(_directory);
        File.WriteAllText(_file.FilePath + ".1.tmp", "left");
        using var writing = new FileStream(_file.FilePath + ".2.tmp", FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        _file.Write(Two);

        Assert.That(Directory.GetFiles(_directory), Is.EquivalentTo(new[] { _file.FilePath, writing.Name }));
    }

    [Test]
    public async Task A_reader_finds_the_old_file_or_the_new_one_and_never_a_part()
    {
        _file.Write(Two);
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            var read = 0;
            while (!stop.IsCancellationRequested || read == 0)
            {
                read += New().Read() is null ? throw new InvalidDataException(_log.Of(Unusable)[0]) : 1;
            }
        });
        for (var revision = 1; revision <= 100; revision++)
        {
            _file.Write(Two with { Revision = revision });
        }

        await stop.CancelAsync();
        Assert.That(async () => await reading, Throws.Nothing);
    }

    private void SetMode(string mode, string? path = null) => File.SetUnixFileMode(path ?? _file.FilePath, (UnixFileMode)Convert.ToInt32(mode, 8));

    private void WriteAsBefore(Membership membership)
    {
        _file.Write(membership);
        File.Move(_file.FilePath, _file.EarlierPath);
    }

    private void WriteBoth(Membership own, Membership before, bool isBeforeLater)
    {
        WriteAsBefore(before);
        _file.Write(own);
        File.SetLastWriteTimeUtc(_file.EarlierPath, File.GetLastWriteTimeUtc(_file.FilePath).AddMinutes(isBeforeLater ? 1 : -1));
    }

    private static Membership Of(long revision, long created) => new(revision, [Members.Of("a") with { CreatedRevision = created }], []);

    private SnapshotFile New() => new(_directory, "c", "p", _log);

    private void AssertSetAsideOrSame(byte[] content, string what)
    {
        File.WriteAllBytes(_file.FilePath, content);
        if (New().Read() is { } read)
        {
            Assert.That(SnapshotFormatTests.IsSame(read, Two), what);
            return;
        }

        Assert.That(File.Exists(_file.FilePath), Is.False, what);
        Assert.That(File.ReadAllBytes(_file.FilePath + ".corrupt-1"), Is.EqualTo(content), what);
    }
}
