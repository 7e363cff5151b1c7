using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Cli.Status;

/// <summary>How the calls of sets are shared that are split, or whose members have weights: what each class is to get, and what it had, as each proxy's Kamailio counted it, and of all together.</summary>
internal sealed class SharedCalls
{
    public const string Title = "SHARES OF CALLS, as wanted by splits and weights, and as Kamailio counted calls in the last minutes";

    private const string All = "all";
    private const int MostOfSet = 20;

    private readonly List<Row> _rows;
    private readonly DateTimeOffset _now;

    public SharedCalls(IEnumerable<ProxyLens> proxies, DateTimeOffset now)
    {
        _now = now;
        var rows = proxies.SelectMany(static lens => RowsOf(lens)).ToList();
        _rows = [.. rows.GroupBy(static row => row.Of.Set).OrderBy(static set => set.Key).SelectMany(static set => WithSums([.. set]))];
    }

    public int Count => _rows.Count;

    public IReadOnlyList<Row> Rows => _rows;

    public TextTable Table(Layout layout)
    {
        var table = layout.Table("SET", "CLASS", "PROXY", "WANTED", "MEASURED", "CALLS", "COUNTED");
        foreach (var set in _rows.GroupBy(static row => row.Of.Set))
        {
            foreach (var row in set.Take(MostOfSet))
            {
                table.Add(
                    Ages.Number(row.Of.Set),
                    Name(row.Of.Class),
                    row.Proxy ?? All,
                    row.Wanted is { } wanted ? Percent(wanted) : "-",
                    row.Measured is { } measured ? Percent(measured) : "-",
                    row.Of.Calls is { } calls ? Ages.Number(calls) : "-",
                    row.Of.Calls is not null ? $"{Ages.Show(row.Of.Until!.Value - row.Of.Since!.Value)} until {Ages.Show(_now - row.Of.Until.Value)} ago" : row.IsCounted == false ? "not counted" : "not yet");
            }

            if (set.Count() > MostOfSet)
            {
                table.Add(Ages.Number(set.Key), FormattableString.Invariant($"({set.Count() - MostOfSet} more, -o json)"), null, null, null, null, null);
            }
        }

        return table;
    }

    public void Write(Utf8JsonWriter writer, string name) => JsonText.WriteArray(writer, name, _rows, static (json, row) =>
    {
        json.WriteNumber("set", row.Of.Set);
        json.WriteString("class", row.Of.Class);
        json.WriteString("proxy", row.Proxy);
        JsonText.WriteNumber(json, "wanted", row.Wanted);
        JsonText.WriteNumber(json, "measured", row.Measured);
        JsonText.WriteNumber(json, "calls", row.Of.Calls);
        JsonText.WriteBoolean(json, "counted", row.IsCounted);
        JsonText.WriteTime(json, "since", row.Of.Since);
        JsonText.WriteTime(json, "until", row.Of.Until);
    });

    /// <summary><c>v2</c>, <c>v2, weight 10</c>, <c>weight 10</c>, <c>v2, starting slowly (1), its zone</c>, safe to print.</summary>
    public static string Name(string text)
    {
        if (!MemberClass.TryParse(text, out var one, out _))
        {
            return text.Length == 0 ? "(in no class)" : SafeText.Shorten(text);
        }

        var weight = one.Weight is { } number ? $"weight {Ages.Number(number)}" : null;
        var value = one.Value switch { null => weight is null ? "no weight" : null, "" => "(no value)", var some => SafeText.Shorten(some) };
        var start = one.Start > 0 ? $"starting slowly ({Ages.Number(one.Start)})" : null;
        var zone = one.IsInZone switch { true => "its zone", false => "other zones", _ => null };
        return string.Join(", ", new[] { value, weight, start, zone }.OfType<string>());
    }

    private static IEnumerable<Row> RowsOf(ProxyLens lens)
    {
        if (lens.Status?.Shares is not { } shares)
        {
            return [];
        }

        var sums = shares.Classes.GroupBy(static one => one.Set).ToDictionary(static set => set.Key, static set => set.Sum(static one => one.Calls ?? 0));
        return shares.Classes.Select(one => new Row(lens.Name, one, shares.IsCounted, Measured(one.Calls, sums[one.Set])));
    }

    /// <summary>
    /// Class by class, where several proxies tell of one with what they come to together: from the earliest beginning to the latest end. With zones proxies may have other classes: what one has to give to a class is of the calls of those
    /// that have it. Calls in no class each may have.
    /// </summary>
    private static IEnumerable<Row> WithSums(IReadOnlyList<Row> set)
    {
        var calls = set.GroupBy(static row => row.Proxy!).ToDictionary(static proxy => proxy.Key, static proxy => proxy.Sum(static row => row.Of.Calls ?? 0));
        foreach (var rows in set.GroupBy(static row => row.Of.Class))
        {
            foreach (var row in rows)
            {
                yield return row;
            }

            List<string> having = rows.Key.Length == 0 ? [.. calls.Keys] : [.. rows.Select(static row => row.Proxy!)];
            if (having.Count > 1)
            {
                List<SharedClass> counted = [.. rows.Select(static row => row.Of).Where(static one => one.Calls is not null)];
                var of = rows.First().Of with
                {
                    Calls = counted.Count == 0 ? null : counted.Sum(static one => one.Calls), Since = counted.Min(static one => one.Since), Until = counted.Max(static one => one.Until),
                };
                yield return new Row(null, of, rows.Any(static row => row.IsCounted == false) ? false : rows.First().IsCounted, Measured(of.Calls, having.Sum(proxy => calls[proxy]))) { AreAlike = rows.All(row => row.Of.Wanted == of.Wanted) };
            }
        }
    }

    private static double? Measured(long? calls, long sum) => calls is { } some && sum > 0 ? 100.0 * some / sum : null;

    private static string Percent(double percent) => FormattableString.Invariant($"{percent:0.0} %");

    /// <param name="Proxy">Null for all.</param>
    /// <param name="Of">The class there.</param>
    /// <param name="IsCounted">Whether Kamailio counts; null until that was looked at.</param>
    /// <param name="Measured">Its part of the set's calls there, in per cent; null where there is none to tell of.</param>
    internal sealed record Row(string? Proxy, SharedClass Of, bool? IsCounted, double? Measured)
    {
        /// <summary>Whether all proxies are to give the class the same: with zones each has its own.</summary>
        public bool AreAlike { get; init; } = true;

        /// <summary>In per cent; null where there is not one for all.</summary>
        public double? Wanted => AreAlike ? Of.Wanted / 10.0 : null;
    }
}
