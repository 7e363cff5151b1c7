using System.CommandLine;
using System.Text.RegularExpressions;
using KamRpcDispatcher.Cli.Commands;
using KamRpcDispatcher.Cli.Help;
using NUnit.Framework;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>What documents tell somebody to type is there.</summary>
internal sealed partial class DocumentedCommandTests
{
    /// <summary>Options of other programs that the documents name by themselves.</summary>
    private static readonly string[] OfOthers =
    [
        "--auth-token", "--auto-compaction-retention", "--client-cert-auth", "--election-timeout", "--build-arg", "--network", "--pid", "--read-only", "--stop-timeout", "--use-current-runtime",
        "--asterisk", "--container", "--matrix", "--package", "--newcomer", "--force-confold", "--samples", "--page", "--format", "--no-healthcheck", "--platform",
    ];

    private static readonly RootCommand Root = new CommandLine().Root;

    private static readonly HashSet<string> Commands = [.. Root.Subcommands.Select(static command => command.Name)];

    [TestCaseSource(typeof(MarkdownFile), nameof(MarkdownFile.Paths))]
    public void A_command_line_is_understood(string path)
    {
        var file = MarkdownFile.Read(path);
        foreach (var line in file.Blocks.Concat(file.Spans).SelectMany(static text => Call().Matches(text)).Select(static call => call.Groups["line"].Value.Trim()))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

            // A file of arguments, and the slip that the reference shows.
            if (!Commands.Contains(words[0]) || words.Any(static word => word is ['@', ..] or "--etdc"))
            {
                continue;
            }

            var parsed = new CommandLine().Parse(words);
            Assert.That(Mistyped.Errors(parsed), Is.Empty, line);

            // What is only named lacks what it needs.
            Assert.That(words.Length == 1 || words[^1].StartsWith('-') ? [] : parsed.Errors.Select(static error => error.Message), Is.Empty, line);
        }
    }

    [TestCaseSource(typeof(MarkdownFile), nameof(MarkdownFile.Paths))]
    public void What_is_called_a_command_is_one(string path) =>
        Assert.That(
            MarkdownFile.Read(path).Spans.Select(static span => Name().Match(span)).Where(static name => name.Success).Select(static name => name.Groups["name"].Value).Except([.. Commands, "help"]),
            Is.Empty);

    [TestCaseSource(typeof(MarkdownFile), nameof(MarkdownFile.Paths))]
    public void What_is_called_an_option_is_one(string path)
    {
        var known = Root.Subcommands.SelectMany(static command => command.Options).SelectMany(static option => option.Aliases.Append(option.Name)).Concat(["--help", "--version"]).Concat(OfOthers).ToHashSet();

        Assert.That(MarkdownFile.Read(path).Spans.Select(static span => Option().Match(span)).Where(static option => option.Success).Select(static option => option.Value).Except(known), Is.Empty);
    }

    // Up to where a shell would end it, or the sentence goes on.
    [GeneratedRegex("""\bkamrpc (?!kamrpc )(?<line>[a-z]+(?: (?![|>#;&]|\\$)[^\s|;)'",…]+(?:,[^\s|;)'"]+)*)*)""")]
    private static partial Regex Call();

    [GeneratedRegex("^kamrpc (?<name>[a-z]+)$|^kamrpc (?<name>[a-z]+) --?[a-z]")]
    private static partial Regex Name();

    [GeneratedRegex("^--[a-z][a-z-]*")]
    private static partial Regex Option();
}
