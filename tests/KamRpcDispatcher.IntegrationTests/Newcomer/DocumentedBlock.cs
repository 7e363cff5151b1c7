using System.Text.RegularExpressions;
using KamRpcDispatcher.Testing;

namespace KamRpcDispatcher.IntegrationTests.Newcomer;

/// <summary>Commands that a document tells its reader to type.</summary>
/// <param name="Step">The step that they belong to, by the words that it begins with; empty where a section has none.</param>
/// <param name="Commands">A line each.</param>
internal sealed partial record DocumentedBlock(string Step, IReadOnlyList<string> Commands)
{
    private const string Fence = "```";

    /// <summary>The blocks of one section, in order. One that is neither of commands nor something to look at (a patch, what a command answers) is an error: nothing is left out unseen.</summary>
    /// <param name="file">Below the repository's folder.</param>
    /// <param name="heading">The line that the section begins with.</param>
    public static IReadOnlyList<DocumentedBlock> Read(string file, string heading)
    {
        var blocks = new List<DocumentedBlock>();
        var (step, kind) = (string.Empty, (string?)null);
        var commands = new List<string>();
        foreach (var line in Section(file, heading).Select(static line => line.Trim()))
        {
            if (!line.StartsWith(Fence, StringComparison.Ordinal))
            {
                if (kind is null)
                {
                    step = FirstWords().Match(line) is { Success: true } found ? found.Groups[1].Value : step;
                }
                else if (kind == "sh")
                {
                    commands.Add(line);
                }
            }
            else if (kind is null)
            {
                kind = line[Fence.Length..];
                if (kind is not ("sh" or "diff" or "text"))
                {
                    throw new InvalidOperationException($"{file}, {heading}: a block is '{line}', which is neither sh, diff nor text");
                }
            }
            else
            {
                blocks.AddRange(kind == "sh" ? [new DocumentedBlock(step, [.. commands])] : Array.Empty<DocumentedBlock>());
                commands.Clear();
                kind = null;
            }
        }

        return blocks;
    }

    private static IEnumerable<string> Section(string file, string heading)
    {
        var lines = File.ReadAllLines(Path.Combine(RealServers.RepositoryRoot, file));
        var begin = Array.IndexOf(lines, heading);
        return begin < 0
            ? throw new InvalidOperationException($"{file} has no '{heading}'")
            : lines.Skip(begin + 1).TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal));
    }

    /// <summary><c>1. **etcd**, on Debian</c>.</summary>
    [GeneratedRegex(@"^\d+\. \*\*(.+?)\*\*")]
    private static partial Regex FirstWords();
}
