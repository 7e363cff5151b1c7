using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The map of the house leads to what there is.</summary>
public class MapTests
{
    private const int MostHops = 12;
    private const string Folder = "src/KamRpcDispatcher";

    private static readonly MarkdownFile Map = MarkdownFile.Read(Folder + "/README.md");

    [TestCase("| hop | file | what it does with the change |")]
    [TestCase("| hop | file | what it does with the result |")]
    public void A_walk_is_short_and_goes_over_files_that_there_are(string head)
    {
        var walk = MarkdownFile.Rows(Map.Lines, head).Select(static row => MarkdownFile.CodeIn(row[1]).First()).ToList();

        Assert.That(walk, Has.Count.InRange(5, MostHops).And.Unique);
        Assert.That(walk.Where(static file => !File.Exists(Path.Combine(RealServers.RepositoryRoot, Folder, file))), Is.Empty);
    }

    [Test]
    public void Each_invariant_has_tests_that_there_are()
    {
        var named = MarkdownFile.Rows(Map.Lines, "| | tests |").Select(static row => MarkdownFile.CodeIn(row[1]).ToList()).ToList();
        var files = Directory.GetFiles(Path.Combine(RealServers.RepositoryRoot, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(static file => Path.GetFileNameWithoutExtension(file)!).ToHashSet();

        Assert.That(named, Has.Count.EqualTo(13).And.None.Empty);
        Assert.That(named.SelectMany(static tests => tests).Where(test => !files.Contains(test)), Is.Empty);
    }
}
