using System.Globalization;

namespace KamRpcDispatcher.Cli.Output;

/// <summary>Sets in a sentence.</summary>
internal static class SetText
{
    private const int Most = 10;

    /// <summary><c>there are sets 1, 2</c>, or that there is none.</summary>
    public static string There(IReadOnlyList<int> sets) => sets.Count switch
    {
        0 => "nobody is announced in any set",
        1 => FormattableString.Invariant($"there is set {sets[0]}"),
        _ => $"there are sets {Numbers(sets)}",
    };

    /// <summary><c>1, 2 and 3 more</c>.</summary>
    public static string Numbers(IReadOnlyList<int> sets) =>
        string.Join(", ", sets.Take(Most).Select(static set => set.ToString(CultureInfo.InvariantCulture))) + (sets.Count > Most ? FormattableString.Invariant($" and {sets.Count - Most} more") : string.Empty);
}
