namespace KamRpcDispatcher.Cli.Options;

/// <summary>What somebody may have meant who wrote a name that is not there.</summary>
internal static class NearNames
{
    private const int Most = 3;

    /// <summary>The nearest first: names that have the text in them, then those that differ in few letters. Empty when none is near.</summary>
    public static IReadOnlyList<string> Of(string text, IEnumerable<string> names)
    {
        var wanted = text.ToLowerInvariant();
        return [.. names.Select(name => (Name: name, Distance: Distance(wanted, name.ToLowerInvariant())))
            .Where(near => near.Distance <= Math.Max(1, Last(wanted).Length / 3))
            .OrderBy(static near => near.Distance).Take(Most).Select(static near => near.Name)];
    }

    /// <summary>None of a part of the name; else of what stands behind the last dot, since much the same stands before it.</summary>
    private static int Distance(string text, string name) => text.Length > 2 && name.Contains(text, StringComparison.Ordinal) ? 0 : Letters(Last(text), Last(name));

    private static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    /// <summary>How many letters are to be changed, added or taken away (Levenshtein).</summary>
    private static int Letters(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            (var corner, row[0]) = (row[0], i);
            for (var j = 1; j <= other.Length; j++)
            {
                var changed = corner + (one[i - 1] == other[j - 1] ? 0 : 1);
                (corner, row[j]) = (row[j], Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1));
            }
        }

        return row[^1];
    }
}
