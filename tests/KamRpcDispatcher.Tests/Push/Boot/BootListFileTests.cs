using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Push.Boot;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Push.Boot;

public sealed class BootListFileTests
{
    private const UnixFileMode Shared = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private TemporaryFolder _folder = null!;

    private string FilePath => _folder.File("dispatcher.list");

    private BootListFile List => new(FilePath, TimeProvider.System);

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void One_that_is_not_there_is_empty_and_made_readable_for_its_group()
    {
        Assert.That(List.Read(), Is.Empty);
        Assert.That(List.Write(static text => text + "a\n"), Is.True);
        Assert.That((File.ReadAllText(FilePath), File.GetUnixFileMode(FilePath)), Is.EqualTo(("a\n", Shared)));
    }

    [Test]
    public void It_stays_whose_it_was_and_as_open_as_it_was()
    {
        OtherUser.RequireRoot();
        WriteLongAgo("a\n");
        File.SetUnixFileMode(FilePath, Shared | UnixFileMode.OtherRead);
        OtherUser.Give(FilePath);

        Assert.That(List.Write(static text => text + "b\n"), Is.True);
        Assert.That(File.GetUnixFileMode(FilePath), Is.EqualTo(Shared | UnixFileMode.OtherRead));
        Assert.That(FileStatus.Of(FilePath)!.Value.User, Is.EqualTo(OtherUser.Id));
    }

    [Test]
    public void What_is_so_already_is_not_written()
    {
        File.WriteAllText(FilePath, "a\n");
        var list = List;
        var before = FileStatus.Of(FilePath);

        Assert.That(list.IsAsWritten, Is.False, "nobody has looked");
        Assert.That(list.Write(static text => text), Is.False);
        Assert.That((FileStatus.Of(FilePath), list.IsAsWritten), Is.EqualTo((before, true)));

        File.WriteAllText(FilePath, "other\n");
        Assert.That(list.IsAsWritten, Is.False);
        File.Delete(FilePath);
        Assert.That(list.IsAsWritten, Is.False);
    }

    [Test]
    public void What_somebody_writes_meanwhile_is_not_lost_and_waits_until_he_is_done()
    {
        WriteLongAgo("a\n");
        var list = List;
        var isFirst = true;
        string AndOurs(string text)
        {
            if (isFirst)
            {
                // An editor replaces it.
                File.WriteAllText(FilePath + "~", text + "his\n");
                File.Move(FilePath + "~", FilePath, overwrite: true);
                isFirst = false;
            }

            return text + "ours\n";
        }

        Assert.That(() => list.Write(AndOurs), Throws.TypeOf<FileInUseException>());
        Assert.That(File.ReadAllText(FilePath), Is.EqualTo("a\nhis\n"));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1), "nothing is left");

        File.SetLastWriteTimeUtc(FilePath, DateTime.UtcNow - (2 * BootListFile.Quiet));
        Assert.That(list.Write(AndOurs), Is.True);
        Assert.That(File.ReadAllText(FilePath), Is.EqualTo("a\nhis\nours\n"));
        Assert.That(list.Write(static text => text + "more\n"), Is.True, "who wrote it himself does not wait");
    }

    [Test]
    public void A_file_that_somebody_writes_all_the_time_is_his()
    {
        WriteLongAgo("a\n");
        var times = 0;
        Assert.That(
            () => List.Write(text =>
            {
                File.WriteAllText(FilePath, $"his {++times}\n");
                return text + "ours\n";
            }),
            Throws.TypeOf<FileInUseException>().With.Message.Contains("somebody else keeps on writing"));
        Assert.That(File.ReadAllText(FilePath), Is.EqualTo($"his {times}\n"));
    }

    [Test]
    public void Neither_a_link_nor_a_FIFO_is_opened()
    {
        File.CreateSymbolicLink(FilePath, "/etc/passwd");
        Assert.That(() => List.Write(static text => text + "a"), Throws.TypeOf<IOException>().With.Message.Contains("symbolic link"));
        File.Delete(FilePath);
        OtherUser.MakeFifo(FilePath);
        Assert.That(() => List.Write(static text => text + "a"), Throws.TypeOf<IOException>().With.Message.Contains("not a regular file"));
    }

    [Test]
    public void A_folder_that_is_gone_is_told() => Assert.That(() => new BootListFile(_folder.File("none/list"), TimeProvider.System).Write(static text => text), Throws.InstanceOf<IOException>().With.Message.Contains("none"));

    private void WriteLongAgo(string text)
    {
        File.WriteAllText(FilePath, text);
        File.SetLastWriteTimeUtc(FilePath, DateTime.UtcNow - (2 * BootListFile.Quiet));
    }
}
