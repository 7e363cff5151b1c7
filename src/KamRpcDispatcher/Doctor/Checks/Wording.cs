namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>How findings say numbers, lists and durations.</summary>
internal static class Wording
{
    /// <summary>As many of a list are told.</summary>
    public const int Most = 5;

    /// <summary><c>1 record</c>, <c>2 records</c>.</summary>
    public static string Count(long number, string what) => FormattableString.Invariant($"{number} {what}{(number == 1 ? string.Empty : "s")}");

    /// <summary>The same of a word that does not only take an s.</summary>
    public static string Count(long number, string one, string several) => FormattableString.Invariant($"{number} {(number == 1 ? one : several)}");

    /// <summary><c>set 1</c>, <c>sets 1, 2</c>.</summary>
    public static string Sets(IReadOnlyCollection<int> sets) => (sets.Count == 1 ? "set " : "sets ") + List([.. sets.Select(static set => FormattableString.Invariant($"{set}"))]);

    /// <summary>The first of many.</summary>
    public static string List(IReadOnlyCollection<string> items) =>
        string.Join(", ", items.Take(Most)) + (items.Count > Most ? FormattableString.Invariant($" and {items.Count - Most} more") : string.Empty);

    public static string Milliseconds(TimeSpan duration) => FormattableString.Invariant($"{duration.TotalMilliseconds:0.#} ms");

    public static string Megabytes(long bytes) => FormattableString.Invariant($"{bytes / (1024.0 * 1024.0):0.#} MB");
}
