using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Options;
using KamRpcDispatcher.Doctor.Snippet;
using KamRpcDispatcher.Testing;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>The samples, and what says which is for whom.</summary>
internal sealed partial class SampleReferenceTests
{
    private const string Readme = "samples/README.md";

    private static readonly string Samples = Path.Combine(RealServers.RepositoryRoot, "samples");

    private static readonly IReadOnlyList<string> Files =
    [
        .. Directory.EnumerateFiles(Samples, "*", SearchOption.AllDirectories).Select(static file => Path.GetRelativePath(Samples, file))
            .Where(static file => Path.GetFileName(file) is var name && !name.StartsWith('.') && name != "README.md"),
    ];

    /// <summary>In the README of all samples, or in the one of a folder that it is in.</summary>
    [Test]
    public void Every_file_is_named_and_no_other()
    {
        var named = MarkdownFile.Paths.Where(static path => path.StartsWith("samples/", StringComparison.Ordinal))
            .SelectMany(static path => MarkdownFile.Read(path).Spans.Select(span => (Folder: Path.GetDirectoryName(path)!, Name: span.TrimStart('.', '/').Split(' ')[0]))).ToList();

        Assert.That(Files, Has.Count.GreaterThan(8));
        Assert.That(Files.Where(file => !Places(file).Any(named.Contains)), Is.Empty);
        Assert.That(Table().Select(static row => row[0].Trim('`')).Except(Files), Is.Empty, "what is no file");
    }

    [Test]
    public void Every_row_says_for_whom() => Assert.That(Table().Where(static row => row[1].Length == 0), Is.Empty);

    /// <summary>A name that nobody reads has no effect, and nobody sees that.</summary>
    [Test]
    public void Every_variable_and_define_that_a_sample_names_is_there()
    {
        var config = File.ReadAllText(Path.Combine(RealServers.RepositoryRoot, "kamailio-cfg", "kamailio.cfg"));
        var known = new CommandLine().Root.Subcommands.SelectMany(static command => command.Options).Select(OptionReader.Variable)
            .Concat(SnippetNames.Defines).Concat(Name().Matches(config).Select(static name => name.Value)).ToHashSet();
        var named = Files.SelectMany(static file => Name().Matches(File.ReadAllText(Path.Combine(Samples, file))).Select(name => $"{file}: {name.Value}")).Distinct().ToList();

        Assert.That(named, Has.Count.GreaterThan(30));
        Assert.That(named.Where(name => !known.Contains(name.Split(": ")[1])), Is.Empty);
    }

    /// <summary>The folders above a file, each with what it is called there.</summary>
    private static IEnumerable<(string Folder, string Name)> Places(string file)
    {
        for (var folder = file; (folder = Path.GetDirectoryName(folder)) is not null;)
        {
            yield return folder.Length == 0 ? ("samples", file) : ("samples/" + folder, Path.GetRelativePath(folder, file));
        }
    }

    private static IReadOnlyList<string[]> Table() => MarkdownFile.Rows(MarkdownFile.Read(Readme).Lines, "| sample | for whom | what it is |");

    [GeneratedRegex(@"\bKAMRPC_[A-Z]+(?:_[A-Z]+)*\b(?!_)")]
    private static partial Regex Name();
}
