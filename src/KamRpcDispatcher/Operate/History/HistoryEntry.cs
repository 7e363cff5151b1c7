namespace KamRpcDispatcher.Operate.History;

/// <summary>One change that somebody made: who, when, what, why.</summary>
/// <param name="At">When, by the clock of who made it.</param>
/// <param name="By">Who, such as <c>user@host</c>.</param>
/// <param name="What">What was done, in a word or two, such as <c>drain</c>.</param>
public sealed record HistoryEntry(DateTimeOffset At, string By, string What)
{
    /// <summary>As many members or proxies are named.</summary>
    public const int MostSubjects = 20;

    /// <summary>As many sets are named.</summary>
    public const int MostSets = 20;

    /// <summary>As many proxies are named with their times, and as many that are missing.</summary>
    public const int MostProxies = 32;

    /// <summary>The sets that it concerns; none where it concerns proxies.</summary>
    public IReadOnlyList<int> Sets { get; init; } = [];

    /// <summary>The members, or the proxies, that it concerns, by name.</summary>
    public IReadOnlyList<string> Subjects { get; init; } = [];

    /// <summary>How many more it concerns than are named.</summary>
    public int More { get; init; }

    /// <summary>What was so before; null where nobody says.</summary>
    public string? From { get; init; }

    /// <summary>What is so since; null where nobody says.</summary>
    public string? To { get; init; }

    /// <summary>Why, in the operator's words.</summary>
    public string? Reason { get; init; }

    /// <summary>Which proxies were seen to have applied it, the slowest first; null where nobody waited for them, or nobody knows.</summary>
    public IReadOnlyList<ProxyTime>? Acknowledged { get; init; }

    /// <summary>Those that were not, when the waiting ended.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>The same about these: as many as have room are named.</summary>
    public HistoryEntry About(IEnumerable<int> sets, IEnumerable<string> subjects)
    {
        List<string> all = [.. subjects.Distinct(StringComparer.Ordinal)];
        return this with { Sets = [.. sets.Distinct().Order().Take(MostSets)], Subjects = [.. all.Take(MostSubjects)], More = Math.Max(0, all.Count - MostSubjects) };
    }
}

/// <summary>How long after the change was sent a proxy was first seen to have applied it, and read it back.</summary>
/// <param name="Proxy">Its name.</param>
/// <param name="After">How long.</param>
public readonly record struct ProxyTime(string Proxy, TimeSpan After);

/// <summary>An entry as it stands in etcd.</summary>
/// <param name="Revision">The store's revision that made the change, and wrote the entry.</param>
/// <param name="Entry">What it says.</param>
public sealed record StoredHistory(long Revision, HistoryEntry Entry);
