using System.Collections.Immutable;
using System.Globalization;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>What was in force of operators' wishes by a saved membership, in words: without etcd nobody can wish it any more.</summary>
internal static class EndedWishes
{
    private const int MostNamed = 10;

    /// <summary>Such as <c>a1 of set 1 (drained), a2 of set 1 (weight 5), the split of set 2</c>; empty for none.</summary>
    public static string Names(Membership? saved)
    {
        List<string> names =
        [
            .. (saved?.Intents?.ByMember.Values ?? []).Where(static intent => intent.IsDrained || intent.Weight is not null).OrderBy(static intent => intent.Key)
                .Select(static intent => string.Create(CultureInfo.InvariantCulture, $"{intent.Key.Name} of set {intent.Key.Set} ({Wish(intent)})")),
            .. (saved?.Intents?.ByProxy ?? ImmutableDictionary<string, Intent>.Empty).Where(static pair => pair.Value.IsDrained).Select(static pair => pair.Key).Order(StringComparer.Ordinal).Select(static proxy => $"the proxy {proxy} (drained)"),
            .. (saved?.Shares?.Splits.Keys ?? []).Select(static set => string.Create(CultureInfo.InvariantCulture, $"the split of set {set}")),
        ];
        return string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? string.Create(CultureInfo.InvariantCulture, $" and {names.Count - MostNamed} more") : string.Empty);
    }

    private static string Wish(Intent intent) => string.Join(", ", new[] { intent.IsDrained ? "drained" : null, intent.Weight is { } weight ? string.Create(CultureInfo.InvariantCulture, $"weight {weight}") : null }.OfType<string>());
}
