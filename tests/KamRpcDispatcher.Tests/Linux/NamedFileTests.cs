using KamRpcDispatcher.Etcd.Connection.Security;
using KamRpcDispatcher.Linux;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Linux;

/// <summary>Files that an operator names: certificates, passwords.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NamedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_file_is_read_whole_through_a_link_too()
    {
        var text = string.Concat(Enumerable.Repeat("é漢-", 50_000));
        File.WriteAllText(_folder.File("secret"), text);
        File.CreateSymbolicLink(_folder.File("link"), _folder.File("secret"));

        Assert.That(NamedFile.WhyNot(_folder.File("link")), Is.Null);
        Assert.That(NamedFile.ReadText(_folder.File("link")), Is.EqualTo(text));
        Assert.That(NamedFile.ReadText("/proc/self/stat"), Does.StartWith($"{Environment.ProcessId} "), "whatever its length is said to be");
    }

    [Test]
    [CancelAfter(10_000)]
    public void What_is_no_regular_file_is_refused_and_holds_nobody_up()
    {
        OtherUser.MakeFifo(_folder.File("fifo"));
        foreach (var path in new[] { _folder.File("fifo"), "/dev/zero", _folder.Path })
        {
            Assert.That(NamedFile.WhyNot(path), Does.Contain(path).And.Contain("no regular file"));
            Assert.That(() => NamedFile.ReadText(path), Throws.InstanceOf<IOException>());
            Assert.That(() => EtcdFiles.ReadPassword(path), Throws.InstanceOf<InvalidDataException>().With.Message.Contains(path));
        }
    }

    [Test]
    public void A_missing_file_is_named()
    {
        Assert.That(NamedFile.WhyNot("/nowhere/secret"), Is.EqualTo("there is no file '/nowhere/secret'"));
        Assert.That(() => NamedFile.ReadText("/nowhere/secret"), Throws.InstanceOf<FileNotFoundException>());
        Assert.That(() => EtcdFiles.ReadPassword("/nowhere/secret"), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("there is no file"));
    }

    [Test]
    public void An_endless_one_is_given_up()
    {
        using (var file = File.Create(_folder.File("long")))
        {
            file.SetLength(NamedFile.MaxLength + 1L);
        }

        Assert.That(() => NamedFile.ReadText(_folder.File("long")), Throws.InstanceOf<IOException>().With.Message.Contains("longer than"));
    }
}
