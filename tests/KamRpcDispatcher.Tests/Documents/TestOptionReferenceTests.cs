using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>What can be chosen of the tests stands in their README.</summary>
internal sealed partial class TestOptionReferenceTests
{
    private static readonly string Tests = Path.Combine(RealServers.RepositoryRoot, "tests");

    private static readonly MarkdownFile Readme = MarkdownFile.Read("tests/README.md");

    [Test]
    public void Every_variable_is_there_and_no_other()
    {
        var read = Sources("*.cs").SelectMany(static source => InProgram().Matches(source)).Concat(Sources("*.sh").SelectMany(static source => InScript().Matches(source)))
            .Select(static name => name.Groups["name"].Value).Distinct().ToList();

        Assert.That(read, Has.Count.GreaterThan(8));
        Assert.That(
            MarkdownFile.Rows(Readme.Section("## Options"), "| variable | what it does |").SelectMany(static row => MarkdownFile.CodeIn(row[0])).Select(static name => name.Split('=')[0]),
            Is.EquivalentTo(read));
    }

    [Test]
    public void Every_switch_of_the_script_is_there_and_no_other()
    {
        var script = File.ReadAllText(Path.Combine(Tests, "run.sh"));
        var switches = Case().Matches(script).SelectMany(static line => Switch().Matches(line.Value)).Select(static name => name.Value).Append("--filter");

        Assert.That(
            Readme.Blocks.Skip(1).TakeWhile(static line => line != "```").SelectMany(static line => Switch().Matches(line.Split('#')[0])).Select(static name => name.Value).Distinct(),
            Is.EquivalentTo(switches));
    }

    private static IEnumerable<string> Sources(string pattern) => Directory.EnumerateFiles(Tests, pattern, SearchOption.AllDirectories)
        .Where(static file => !file.Split('/').Intersect(["bin", "obj"]).Any()).Select(File.ReadAllText);

    // Read, or given to a constant by which it is read; what a test gives to kamrpc is an option of kamrpc's.
    [GeneratedRegex("(?:GetEnvironmentVariable\\(|Variable = |Number\\()\"(?<name>CI|KAMRPC_(?:CHAOS|TEST|MATRIX)[A-Z_]*)\"")]
    private static partial Regex InProgram();

    [GeneratedRegex(@"\$\{?(?<name>KAMRPC_(?:CHAOS|TEST|MATRIX)[A-Z_]*)")]
    private static partial Regex InScript();

    [GeneratedRegex(@"^    --[a-z|-]+\)$", RegexOptions.Multiline)]
    private static partial Regex Case();

    [GeneratedRegex("--[a-z]+(?:-[a-z]+)*")]
    private static partial Regex Switch();
}
