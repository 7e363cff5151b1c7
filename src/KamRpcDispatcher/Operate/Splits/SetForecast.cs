using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Operate.Splits;

/// <summary>What would become of a set by a change that is not made, as if every ready member were routable.</summary>
/// <param name="Set">The set; null where it is about proxies.</param>
/// <param name="Members">Who would get which share of its calls, by name.</param>
/// <param name="Proxies">What each proxy would do that may serve it.</param>
public sealed record SetForecast(int? Set, IReadOnlyList<MemberForecast> Members, IReadOnlyList<ProxyForecast> Proxies)
{
    /// <summary>Why the shares may be others, a sentence, safe to print; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>What proxies follow, by its kind: <see cref="IntentsProgress.Kind"/> or <see cref="SplitsProgress.Kind"/>.</summary>
    internal static SetForecast Of(OperatorView view, int set, string kind, (IReadOnlyList<Member> Members, Split? Split) before, (IReadOnlyList<Member> Members, Split? Split) after)
    {
        List<LiveProxy> serving = [.. view.Proxies.Where(proxy => proxy.MayServe(set))];
        var ways = new ForecastWays(serving, set, before, after);
        return new SetForecast(set, ways.Members(), [.. serving.Select(proxy => new ProxyForecast(SafeText.Shorten(proxy.Name), Would(proxy, kind, ways.At(proxy))))]) { Note = ways.Note() };
    }

    /// <summary>The same with another note beside its own.</summary>
    internal SetForecast With(string? note) => note is null ? this : this with { Note = Note is null ? note : $"{note}; {Note}" };

    /// <summary>The same view where these are wished; null for nothing.</summary>
    internal static OperatorView After(OperatorView view, IEnumerable<(MemberKey Key, Intent? Intent)> wished)
    {
        var intents = view.Intents.ToDictionary();
        foreach (var (key, intent) in wished)
        {
            intents[key] = new StoredIntent(0, default, intent, null);
        }

        return view with { Intents = intents };
    }

    private static string Would(LiveProxy proxy, string kind, (ForecastSide Now, ForecastSide Then) sides)
    {
        var (now, then) = sides;
        if (proxy.Status is not { } status)
        {
            return "not known: its report cannot be read";
        }

        if (!status.Applies.Contains(kind))
        {
            return $"nothing: it follows no {kind} (an older kamrpc, or its role in etcd may not read them)";
        }

        var hasMap = status.Splits is { HasTable: not false } && (status.Shares?.Way != ShareReport.Attributes || now.IsSplit || then.IsSplit);
        List<string> parts =
        [
            .. NamesOf("disables", now.Served.ExceptBy(then.Served.Select(static member => member.Key), static member => member.Key).Where(member => ReadyFloor.KeptOutBy(proxy, member) is null)),
            .. NamesOf("enables", then.Served.ExceptBy(now.Served.Select(static member => member.Key), static member => member.Key)),
            .. !hasMap ? [] : Count("adds", then.Copies.Except(now.Copies).Count()).Concat(Count("removes", now.Copies.Except(then.Copies).Count())),
            .. !hasMap || then.IsSharedAs(now) ? [] : new[] { then.HasMap ? "shares the calls by a new map" : "shares the calls evenly" },
            .. !hasMap && !then.IsSharedAs(now) ? new[] { "has weights as attributes of destinations, which the weighted algorithms alone follow" } : [],
        ];
        var text = parts.Count == 0 ? "nothing" : string.Join(", ", parts);
        return text + (status.Zone is { } zone ? $"; members of zone {SafeText.Shorten(zone)} come first there" : string.Empty) + (proxy.WhyOfNoUse is { } use ? $"; not now: it {use}" : string.Empty);
    }

    private static IEnumerable<string> NamesOf(string does, IEnumerable<Member> members)
    {
        const int Most = 8;
        List<string> names = [.. members.Select(static member => SafeText.Shorten(member.Key.Name, MemberValidation.MaxNameLength)).Order(StringComparer.Ordinal)];
        return names.Count == 0 ? [] : [$"{does} {string.Join(", ", names.Take(Most))}{(names.Count > Most ? FormattableString.Invariant($" and {names.Count - Most} more") : string.Empty)}"];
    }

    private static IEnumerable<string> Count(string does, int count) => count == 0 ? [] : [FormattableString.Invariant($"{does} {count} destination{(count == 1 ? string.Empty : "s")} of classes")];
}

/// <summary>What a member would get of its set's calls.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Before">In per cent, now.</param>
/// <param name="After">In per cent, then.</param>
public sealed record MemberForecast(string Name, double Before, double After);

/// <summary>What a proxy would do.</summary>
/// <param name="Name">Its name, safe to print.</param>
/// <param name="Would">In a few words, safe to print.</param>
public sealed record ProxyForecast(string Name, string Would);
