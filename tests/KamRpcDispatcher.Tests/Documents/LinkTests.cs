using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>Links in documents lead somewhere.</summary>
public class LinkTests
{
    [TestCaseSource(typeof(MarkdownFile), nameof(MarkdownFile.Paths))]
    public void A_link_leads_to_a_file_and_a_heading_that_are_there(string path)
    {
        var file = MarkdownFile.Read(path);

        Assert.That(file.Links.Where(link => !link.Contains("://", StringComparison.Ordinal)).Select(link => WhyNot(file, link)).OfType<string>(), Is.Empty);
    }

    [Test]
    public void Every_document_but_the_first_is_linked_to()
    {
        var targets = MarkdownFile.Paths.SelectMany(static path => MarkdownFile.Read(path).Links.Select(link => Target(path, link))).ToHashSet(StringComparer.Ordinal);

        Assert.That(MarkdownFile.Paths, Has.Count.GreaterThan(5).And.Member("README.md"));
        Assert.That(MarkdownFile.Paths.Where(static path => path != "README.md").Where(path => !targets.Contains(path) && !targets.Contains(Path.GetDirectoryName(path)!)), Is.Empty);
    }

    [TestCase("How a change gets into Kamailio", "how-a-change-gets-into-kamailio")]
    [TestCase("Debian's own kamailio.cfg", "debians-own-kamailiocfg")]
    [TestCase("`-o json`: what it has", "-o-json-what-it-has")]
    public void An_anchor_is_made_as_GitHub_makes_it(string heading, string anchor)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a.md"), $"# {heading}\n## {heading}\n```\n# no heading\n```\n");

        Assert.That(MarkdownFile.Read(folder.File("a.md")).Anchors, Is.EquivalentTo(new[] { anchor, anchor + "-1" }));
    }

    private static string? WhyNot(MarkdownFile file, string link)
    {
        var target = Target(file.Path, link);
        if (!Path.Exists(Path.Combine(RealServers.RepositoryRoot, target)))
        {
            return $"{link}: there is no {target}";
        }

        return link.Split('#') is [_, var anchor] && !MarkdownFile.Read(target).Anchors.Contains(anchor) ? $"{link}: {target} has no such heading" : null;
    }

    /// <summary>Below the root.</summary>
    private static string Target(string path, string link) => link.Split('#')[0] is { Length: > 0 } file
        ? Path.GetRelativePath(RealServers.RepositoryRoot, Path.Combine(RealServers.RepositoryRoot, Path.GetDirectoryName(path)!, file))
        : path;
}
