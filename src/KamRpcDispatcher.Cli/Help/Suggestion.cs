namespace KamRpcDispatcher.Cli.Help;

/// <summary>What may have been meant by a name that is none.</summary>
internal static class Suggestion
{
    /// <summary>More than that is no help.</summary>
    private const int Most = 3;

    /// <summary>What other programs call it.</summary>
    private static readonly Dictionary<string, string> OtherNames = new(StringComparer.Ordinal)
    {
        ["endpoint"] = "--etcd",
        ["endpoints"] = "--etcd",
        ["cacert"] = "--etcd-ca",
        ["socket"] = "--kamailio",
        ["host"] = "--ip",
        ["address"] = "--ip",
        ["group"] = "--set",
        ["setid"] = "--set",
        ["format"] = "--output",
        ["json"] = "--output json",
        ["debug"] = "--log-level debug",
        ["verbose"] = "--log-level debug",
        ["register"] = "announce",
        ["check"] = "doctor",
        ["/h"] = "--help",
        ["/?"] = "--help",
        ["/help"] = "--help",
        ["usage"] = "--help",
    };

    /// <summary>Null when nothing is near.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="known">What there is, in the order in which it is suggested.</param>
    public static string? For(string typed, IReadOnlyCollection<string> known) => Near(typed, known).ToArray() switch
    {
        [] => null,
        [var only] => only,
        [.. var others, var last] => $"{string.Join(", ", others)} or {last}",
    };

    public static IReadOnlyList<string> Near(string typed, IReadOnlyCollection<string> known)
    {
        var text = Plain(typed);
        if (OtherNames.TryGetValue(text, out var usual) && known.Contains(usual.Split(' ')[0]))
        {
            return [usual];
        }

        // A slip of the finger changes one character in about three.
        var limit = text.Length <= 3 ? 1 : text.Length <= 7 ? 2 : 3;
        var (nearest, distance) = known.Select(name => (Name: name, Distance: Distance(text, Plain(name)))).OrderBy(static entry => entry.Distance).FirstOrDefault((string.Empty, int.MaxValue));
        return distance <= limit && distance < text.Length ? [nearest] : [.. known.Where(name => IsPartOf(text, Plain(name))).Take(Most)];
    }

    /// <summary>Without dashes before it, and as people write it who do not remember how.</summary>
    private static string Plain(string name) => name.TrimStart('-').Replace('_', '-').ToLowerInvariant();

    /// <summary>More than the name or less of it: <c>etcd-endpoints</c> for <c>etcd</c>, <c>cert</c> for <c>etcd-cert</c>.</summary>
    private static bool IsPartOf(string text, string name) =>
        text.StartsWith(name + "-", StringComparison.Ordinal) || (text.Length > 0 && text.Split('-').All(name.Split('-').Contains));

    /// <summary>How many characters have to be changed, added, removed, or exchanged with the next one.</summary>
    private static int Distance(string one, string other)
    {
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                rows[i, j] = i == 0 ? j : j == 0 ? i
                    : Math.Min(Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1, rows[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[one.Length, other.Length];
    }
}
