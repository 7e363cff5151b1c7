using System.Text;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DurableFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_write_that_fails_leaves_the_file_that_is_there()
    {
        // So long that the file's own name is just short enough, and that of the temporary file beside it is not.
        var path = _folder.File(new string('d', 255));
        File.WriteAllText(path, "old");

        Assert.That(() => DurableFile.Replace(path, "new"u8), Throws.InstanceOf<IOException>());

        Assert.That(File.ReadAllText(path), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void A_link_in_the_place_of_the_file_is_replaced_and_what_it_leads_to_is_not()
    {
        File.WriteAllText(_folder.File("canary"), "canary");
        File.CreateSymbolicLink(_folder.File("file"), _folder.File("canary"));

        DurableFile.Replace(_folder.File("file"), Encoding.UTF8.GetBytes("new"));

        Assert.That(File.ReadAllText(_folder.File("canary")), Is.EqualTo("canary"));
        Assert.That(new FileInfo(_folder.File("file")).LinkTarget, Is.Null);
        Assert.That(File.ReadAllText(_folder.File("file")), Is.EqualTo("new"));
    }

    [Test]
    public void What_looks_like_a_leftover_and_is_a_link_or_a_FIFO_holds_nobody_up()
    {
        File.WriteAllText(_folder.File("canary"), "canary");
        File.CreateSymbolicLink(_folder.File("file.1.tmp"), _folder.File("canary"));
        OtherUser.MakeFifo(_folder.File("file.2.tmp"));

        DurableFile.Replace(_folder.File("file"), "new"u8);

        Assert.That(File.ReadAllText(_folder.File("canary")), Is.EqualTo("canary"));
        Assert.That(File.ReadAllText(_folder.File("file")), Is.EqualTo("new"));
    }
}
