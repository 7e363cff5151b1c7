using KamRpcDispatcher.Cli.Host;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Cli;

/// <summary>What a command made on its way, and leaves to nobody.</summary>
internal sealed class MadeDirectoryTests
{
    [Test]
    public void What_was_made_is_removed_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("there"));
        using (new MadeDirectory(folder.File("there/a/b/")))
        {
            Directory.CreateDirectory(folder.File("there/a/b"));
        }

        Assert.That(Directory.GetFileSystemEntries(folder.File("there")), Is.Empty);
        Assert.That(Directory.Exists(folder.File("there")));
    }

    [Test]
    public void What_was_there_before_or_is_used_by_somebody_stays()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("there"));
        using (new MadeDirectory(folder.File("there")))
        using (new MadeDirectory(folder.File("used")))
        using (new MadeDirectory(folder.File("never")))
        {
            Directory.CreateDirectory(folder.File("used"));
            File.WriteAllText(folder.File("used/other"), string.Empty);
        }

        Assert.That(Directory.Exists(folder.File("there")));
        Assert.That(File.Exists(folder.File("used/other")));
    }
}
