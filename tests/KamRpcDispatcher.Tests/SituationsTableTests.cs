using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests;

/// <summary>The table of situations in the tests' README names tests that are there.</summary>
public partial class SituationsTableTests
{
    private static readonly string Tests = Path.Combine(RealServers.RepositoryRoot, "tests");

    [Test]
    public void Every_test_that_the_table_names_is_there()
    {
        var sources = Directory.EnumerateFiles(Tests, "*Tests.cs", SearchOption.AllDirectories).ToLookup(Path.GetFileNameWithoutExtension, File.ReadAllText);
        var named = Named().Matches(File.ReadAllText(Path.Combine(Tests, "README.md")));

        Assert.That(named, Has.Count.GreaterThan(50));
        Assert.That(
            named.Where(name => !sources[name.Groups["class"].Value].Any(source => source.Contains($" {name.Groups["test"].Value}(", StringComparison.Ordinal))).Select(static name => name.Value),
            Is.Empty);
    }

    [Test]
    public void Every_disturbance_that_the_table_names_is_there()
    {
        var disturbances = File.ReadAllText(Directory.EnumerateFiles(Tests, "Disturbances.cs", SearchOption.AllDirectories).Single());
        var rows = File.ReadLines(Path.Combine(Tests, "README.md")).Where(static line => line.StartsWith("| ", StringComparison.Ordinal)).Select(static line => line.Split('|')[^2]);

        Assert.That(rows.SelectMany(static row => Quoted().Matches(row)).Select(static name => name.Value).Where(name => !disturbances.Contains($"new({name}", StringComparison.Ordinal)), Is.Empty);
    }

    [GeneratedRegex("`(?<class>[A-Za-z]+Tests)\\.(?<test>[A-Za-z0-9_]+)`")]
    private static partial Regex Named();

    [GeneratedRegex("\"[a-zA-Z/' ]+\"")]
    private static partial Regex Quoted();
}
