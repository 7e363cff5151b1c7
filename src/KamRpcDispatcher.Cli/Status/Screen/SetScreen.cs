using System.Text;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Cli.Status.Screen;

/// <summary>One set: how many get calls, and who does not.</summary>
internal sealed class SetScreen(SetCalls set, ClusterCalls calls, StatusOptions options, Layout layout, Func<string, bool>? changed)
{
    /// <summary>A set of so many members is shown whole.</summary>
    private const int MostWhole = 20;

    /// <summary>Of a larger one so many that are troubled, and none of the others.</summary>
    private const int MostTroubled = 40;

    private readonly MemberText _words = new(calls);

    /// <summary>The proxies where the set has no room for another call.</summary>
    private IReadOnlyList<ProxyLens> Full { get; } = [.. set.Serving.Where(lens => lens.FullOf(set.Set) is not null)];

    public override string ToString()
    {
        var text = new StringBuilder();
        var title = FormattableString.Invariant($"SET {set.Set}: {SetAnswer.Of(set)}");
        var where = Where();
        text.Append(layout.Palette.Paint(string.Join("\n  ", TextLines.Of(title, layout.Width - 2)), set.IsAsWished && set.InDoubt.Count == 0 && Full.Count == 0 ? Tone.Good : Tone.Bad));
        text.Append(title.Length + 2 + where.Length <= layout.Width ? where.PadLeft(layout.Width - title.Length) : "\n  " + where).Append('\n');
        foreach (var line in Doubts().Concat(Zones()))
        {
            text.Append(TextLines.Behind("  ", line, layout.Width));
        }

        var table = layout.Rows(["NAME", "URI", "LABELS", "ATTRS"], "CHANGED", "NAME", "URI", "CALLS", "FLAGS", "WEIGHT", "PRIORITY", "LABELS", "ATTRS", "STATE");
        return text.Append(Rows(table)).ToString();
    }

    /// <summary>Of few proxies each with its reason; many are counted by it.</summary>
    private IEnumerable<string> Doubts() => set.InDoubt.Count <= ProxyNames.Most
        ? set.InDoubt.Select(static lens => $"not known on {lens.Name}: {lens.WhyUnknown}")
        : set.InDoubt.GroupBy(static lens => lens.KindOfDoubt).Select(static same => $"not known on {ProxyNames.Of(same)}: {same.First().WhyUnknown}{(same.Count() > 1 ? ", and the like" : string.Empty)}");

    /// <summary>Whose members get the calls, where proxies prefer a zone.</summary>
    private IEnumerable<string> Zones() => set.Serving.Where(lens => lens.ZoneIn(set.Set) is not null).GroupBy(lens => lens.ZoneIn(set.Set)!.Value).Select(static same =>
        $"on {ProxyNames.Of(same)}: calls go to " + same.Key.Use switch
        {
            ZoneUse.Own => $"zone {SafeText.Shorten(same.Key.Zone)} alone",
            ZoneUse.Partly => $"zone {SafeText.Shorten(same.Key.Zone)} alone, but for values of the split that nobody of it has",
            ZoneUse.All => $"EVERY ZONE, since too few members of zone {SafeText.Shorten(same.Key.Zone)} get calls",
            _ => $"every zone, since nobody of zone {SafeText.Shorten(same.Key.Zone)} is announced",
        });

    private string Where() => set.Serving.Count switch
    {
        0 => "on no proxy",
        1 => "on " + set.Serving[0].Name,
        var count when set.InDoubt.Count > 0 => FormattableString.Invariant($"{count - set.InDoubt.Count} of {count} proxies known"),
        var count => FormattableString.Invariant($"on {count} proxies"),
    };

    private string Rows(TextTable table)
    {
        var isWhole = options.ShowsAll || set.Members.Count <= MostWhole;
        List<MemberCalls> troubled = [.. set.Members.Concat(set.Departed).Where(IsTroubled)];
        List<MemberCalls> others = [.. set.Members.Where(member => !IsTroubled(member)).OrderBy(static member => member.Calls)];
        List<MemberCalls> departed = [.. set.Departed.Where(member => !IsTroubled(member))];
        foreach (var member in troubled.Take(options.ShowsAll ? troubled.Count : MostTroubled).Concat(isWhole ? others : []).Concat(departed.Take(options.ShowsAll ? departed.Count : MostWhole)))
        {
            Add(table, member);
        }

        var notes = new List<string>();
        if (troubled.Count > MostTroubled && !options.ShowsAll)
        {
            notes.Add(FormattableString.Invariant($"{troubled.Count - MostTroubled} more that are not as they should be"));
        }

        if (!isWhole)
        {
            notes.AddRange(others.GroupBy(static member => (member.Calls, State: MemberText.StateName(member.Announced!))).OrderBy(static group => group.Key.Calls)
                .Select(static group => FormattableString.Invariant($"{group.Count()} {group.Key.State}: {MemberText.Calls(group.Key.Calls)}")));
        }

        if (departed.Count > MostWhole && !options.ShowsAll)
        {
            notes.Add(FormattableString.Invariant($"{departed.Count - MostWhole} more that have left"));
        }

        return table + (notes.Count == 0 ? string.Empty : TextLines.Behind("  ", $"not listed (--all lists them): {string.Join("; ", notes)}", layout.Width));
    }

    private static bool IsTroubled(MemberCalls member) => member.IsTroubled || member.IsPartlyUnknown || (member.IsReady && member.Calls is CallState.None or CallState.Some);

    private void Add(TextTable table, MemberCalls member)
    {
        var announced = member.Announced?.Member;
        table.Add(
            changed?.Invoke(member.Key.ToString()) == true ? new Cell("*", Tone.Changed) : new Cell(null),
            member.Key.Name,
            member.Uri,
            new Cell(MemberText.Calls(member.Shown), MemberText.ToneOf(member)),
            MemberText.Flags(member),
            announced?.Weight is { } weight ? "weight " + Ages.Number(weight) : null,
            announced is { Priority: > 0 } ? "priority " + Ages.Number(announced.Priority) : null,
            announced is null || !options.IsVerbose ? null : string.Join(',', announced.Labels.Select(static label => $"{label.Key}={label.Value}")),
            announced is null || !options.IsVerbose ? null : string.Join(';', announced.Attributes.Select(static attribute => $"{attribute.Key}={AttributeList.Quoted(attribute.Value)}")),
            _words.Full(member, set));
    }
}
