using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Doctor.Snippet;

/// <summary>The files of kamailio-cfg are the one source: of what the program has, and of what is shown to read.</summary>
internal sealed class SnippetFilesTests
{
    private static readonly string Folder = Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg");

    [Test]
    public void The_program_has_the_files_as_they_are()
    {
        Assert.That(SnippetFiles.Snippet, Is.EqualTo(Text(SnippetFiles.SnippetName)));
        Assert.That(SnippetFiles.List, Is.EqualTo(Text(SnippetFiles.ListName)));
        Assert.That(SnippetFiles.StockDiff, Is.EqualTo(Text("debian-stock.diff")));
    }

    [Test]
    public void The_README_begins_with_the_diff_as_it_is()
    {
        var readme = Text("README.md");
        var diff = readme.IndexOf($"```diff\n{SnippetFiles.StockDiff}```\n", StringComparison.Ordinal);

        Assert.That(diff, Is.Positive);
        Assert.That(readme[..diff].Split("\n## "), Has.Length.EqualTo(2), "in its first section");
    }

    [Test]
    public void The_names_of_the_snippet_are_found_in_it()
    {
        Assert.That(SnippetNames.Defines, Has.Count.GreaterThan(20).And.Member("KAMRPC_SOCKET").And.Member("KAMRPC_BRANCH_ROUTE").And.No.Member("KAMRPC_DISPATCH"));
        Assert.That(SnippetNames.Modules, Is.SupersetOf(new[] { "tm", "dispatcher", "htable" }));
        Assert.That(SnippetNames.Parameters[("dispatcher", "ds_ping_interval")], Is.EqualTo("KAMRPC_PING_INTERVAL"));
        Assert.That(SnippetNames.Parameters[("dispatcher", "reload_delta")], Is.Empty);
    }

    [TestCase("KAMRPC_SOKET", "KAMRPC_SOCKET")]
    [TestCase("KAMRPC_PING_INTERVALL", "KAMRPC_PING_INTERVAL")]
    [TestCase("KAMRPC_SOMETHING", null)]
    public void A_misspelt_name_has_a_neighbour(string name, string? nearest) => Assert.That(SnippetNames.Nearest(name), Is.EqualTo(nearest));

    private static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name));
}
