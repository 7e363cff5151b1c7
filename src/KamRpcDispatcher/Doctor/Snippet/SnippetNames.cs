using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Snippet;

/// <summary>The names in the snippet that a config may use or get in the way of.</summary>
internal static partial class SnippetNames
{
    /// <summary>The route that a config calls.</summary>
    public const string Route = "KAMRPC_DISPATCH";

    /// <summary>What each of them begins with.</summary>
    public const string Prefix = "KAMRPC_";

    /// <summary>The defines that change it.</summary>
    public static IReadOnlySet<string> Defines { get; } = Names(Define(), "name");

    /// <summary>The modules that it loads where nobody has.</summary>
    public static IReadOnlySet<string> Modules { get; } = Names(Module(), "name");

    /// <summary>The parameters that it sets, each with the define that it is set from; empty where a config has no choice. The tables of htable are one.</summary>
    public static IReadOnlyDictionary<(string Module, string Name), string> Parameters { get; } = Parameter().Matches(SnippetFiles.Snippet)
        .DistinctBy(static line => (line.Groups["module"].Value, line.Groups["name"].Value))
        .ToDictionary(
            static line => (line.Groups["module"].Value, line.Groups["name"].Value),
            static line => line.Groups["value"].Value is var value && value.StartsWith(Prefix, StringComparison.Ordinal) ? value : string.Empty);

    /// <summary>The define that was meant, by the letters that differ; null when none comes near.</summary>
    public static string? Nearest(string name)
    {
        const int MostLetters = 2;
        var nearest = Defines.MinBy(define => Distance(name, define))!;
        return Distance(name, nearest) <= MostLetters ? nearest : null;
    }

    private static HashSet<string> Names(Regex line, string group) =>
        line.Matches(SnippetFiles.Snippet).Select(match => match.Groups[group].Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>How many letters have to be put in, taken out or changed.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var (diagonal, left) = (row[0], row[0] = i);
            for (var j = 1; j <= other.Length; j++)
            {
                left = Math.Min(Math.Min(row[j], left) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                (diagonal, row[j]) = (row[j], left);
            }
        }

        return row[^1];
    }

    [GeneratedRegex(@"^#!(?:trydef|ifn?def)\s+(?<name>KAMRPC_\w+)", RegexOptions.Multiline)]
    private static partial Regex Define();

    [GeneratedRegex("""^loadmodule "(?<name>\w+)\.so"$""", RegexOptions.Multiline)]
    private static partial Regex Module();

    [GeneratedRegex("""^modparam\("(?<module>\w+)", "(?<name>\w+)", (?<value>.+)\)$""", RegexOptions.Multiline)]
    private static partial Regex Parameter();
}
