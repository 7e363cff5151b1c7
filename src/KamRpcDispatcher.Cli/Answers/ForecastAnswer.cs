using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Splits;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What a dry run says beside what would be written: who would get which share, and what each proxy would do.</summary>
internal static class ForecastAnswer
{
    /// <summary>As many members are shown, those first whose share changes most.</summary>
    private const int MostShown = 20;

    /// <summary>Tables; empty where nothing would be written.</summary>
    public static string Text(IReadOnlyList<SetForecast> sets)
    {
        if (sets.Count == 0)
        {
            return string.Empty;
        }

        var (shares, proxies, notes) = (new TextTable("SET", "NAME", "SHARE", "THEN") { Width = Terminal.Width }, Layout.OfOutput().Sentences("SET", "PROXY", "WOULD"), new List<string>());
        foreach (var set in sets)
        {
            List<MemberForecast> members = [.. set.Members.OrderByDescending(static member => Math.Round(Math.Abs(member.After - member.Before), 1)).ThenBy(static member => member.Name, StringComparer.Ordinal)];
            foreach (var member in members.Take(MostShown))
            {
                shares.Add(Number(set), member.Name, Percent(member.Before), Percent(member.After));
            }

            foreach (var proxy in set.Proxies.DefaultIfEmpty(new ProxyForecast("none", "no proxy reports that serves the set: nobody would do anything")))
            {
                proxies.Add(Number(set), proxy.Name, proxy.Would);
            }

            notes.AddRange(new[] { members.Count > MostShown ? FormattableString.Invariant($"set {set.Set}: {members.Count - MostShown} more members, whose shares change less") : null, set.Note }.OfType<string>());
        }

        return $"{(shares.Count > 0 ? shares : null)}{proxies}{string.Concat(notes.Select(static note => $"{note}\n"))}";
    }

    /// <summary>For programs.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<SetForecast> sets) => JsonText.WriteArray(writer, "forecast", sets, static (json, set) =>
    {
        JsonText.WriteNumber(json, "set", set.Set);
        JsonText.WriteArray(json, "shares", set.Members, static (one, member) =>
        {
            one.WriteString("name", member.Name);
            JsonText.WriteNumber(one, "before", member.Before);
            JsonText.WriteNumber(one, "after", member.After);
        });
        JsonText.WriteArray(json, "proxies", set.Proxies, static (one, proxy) =>
        {
            one.WriteString("name", proxy.Name);
            one.WriteString("would", proxy.Would);
        });
        json.WriteString("note", set.Note);
    });

    /// <summary>Nothing where it is about proxies.</summary>
    private static string? Number(SetForecast set) => set.Set is { } number ? Ages.Number(number) : null;

    private static string Percent(double share) => share.ToString("0.0", CultureInfo.InvariantCulture) + " %";
}
