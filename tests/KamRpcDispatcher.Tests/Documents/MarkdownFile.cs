using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.Tests.Documents;

/// <summary>A document of the project's, taken apart as GitHub shows it.</summary>
internal sealed partial class MarkdownFile
{
    private readonly List<(string Text, bool IsFenced)> _lines = [];

    private MarkdownFile(string path)
    {
        Path = path;
        var isFenced = false;
        foreach (var line in File.ReadLines(System.IO.Path.Combine(RealServers.RepositoryRoot, path)))
        {
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            isFenced ^= isFence;
            _lines.Add((line, isFenced || isFence));
        }
    }

    /// <summary>Every document, by its path below the root.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        .. Directory.EnumerateFiles(RealServers.RepositoryRoot, "*.md", SearchOption.AllDirectories)
            .Select(static path => System.IO.Path.GetRelativePath(RealServers.RepositoryRoot, path))
            .Where(static path => !path.Split('/').Intersect(["bin", "obj", "artifacts", "TestResults"]).Any())
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The reference of commands, options and log events.</summary>
    public static MarkdownFile Reference { get; } = Read("src/KamRpcDispatcher.Cli/README.md");

    public string Path { get; }

    public IReadOnlyList<string> Lines => [.. _lines.Select(static line => line.Text)];

    /// <summary>What the part behind # of a link may be.</summary>
    public IReadOnlySet<string> Anchors
    {
        get
        {
            var anchors = new HashSet<string>(StringComparer.Ordinal);
            foreach (var anchor in _lines.Where(static line => !line.IsFenced).Select(static line => Heading().Match(line.Text)).Where(static match => match.Success).Select(static match => AnchorOf(match.Groups["text"].Value)))
            {
                // A second heading with the same text has a number.
                for (var number = 0; !anchors.Add(number == 0 ? anchor : FormattableString.Invariant($"{anchor}-{number}")); number++)
                {
                }
            }

            return anchors;
        }
    }

    /// <summary>What the links lead to.</summary>
    public IReadOnlyList<string> Links => [.. _lines.Where(static line => !line.IsFenced).SelectMany(static line => Link().Matches(Code().Replace(line.Text, string.Empty))).Select(static link => link.Groups["target"].Value)];

    /// <summary>What stands between backticks.</summary>
    public IReadOnlyList<string> Spans => [.. _lines.Where(static line => !line.IsFenced).SelectMany(static line => CodeIn(line.Text))];

    /// <summary>What stands in blocks of code.</summary>
    public IReadOnlyList<string> Blocks => [.. _lines.Where(static line => line.IsFenced).Select(static line => line.Text)];

    public static MarkdownFile Read(string path) => new(path);

    public static IEnumerable<string> CodeIn(string text) => Code().Matches(text).Select(static code => code.Value.Trim('`').Replace("\\|", "|", StringComparison.Ordinal));

    /// <summary>The lines below a heading, up to the next of the same rank or a higher one.</summary>
    public IReadOnlyList<string> Section(string heading)
    {
        var first = _lines.FindIndex(line => !line.IsFenced && line.Text == heading);
        if (first < 0)
        {
            throw new InvalidOperationException($"{Path} has no heading '{heading}'");
        }

        var rank = heading.IndexOf(' ', StringComparison.Ordinal);
        return [.. _lines.Skip(first + 1).TakeWhile(line => line.IsFenced || Heading().Match(line.Text) is not { Success: true, Groups: var groups } || groups["rank"].Length > rank).Select(static line => line.Text)];
    }

    /// <summary>The cells of a table's rows.</summary>
    /// <param name="lines">Where the table stands.</param>
    /// <param name="head">Its first line.</param>
    public static IReadOnlyList<string[]> Rows(IReadOnlyList<string> lines, string head) =>
    [
        .. lines.SkipWhile(line => line != head).Skip(2).TakeWhile(static line => line.StartsWith('|'))
            .Select(static line => Bar().Split(line)[1..^1].Select(static cell => cell.Trim().Replace("\\|", "|", StringComparison.Ordinal)).ToArray()),
    ];

    private static string AnchorOf(string heading) => NoLetter().Replace(Link().Replace(heading, "${text}").ToLowerInvariant(), string.Empty).Replace(' ', '-');

    [GeneratedRegex("^(?<rank>#+) (?<text>.*)$")]
    private static partial Regex Heading();

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\((?<target>[^)\s]*)\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?<!`)(`+)(?!`).+?(?<!`)\\1(?!`)")]
    private static partial Regex Code();

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Bar();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NoLetter();
}
