using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Cli.Status;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc dispatch --dry-run</c> and <c>kamrpc plan</c> say.</summary>
internal sealed class DryRunAnswer(DryRunResult result)
{
    public bool IsEmpty => result.Changes.Count == 0 && result.Shares.Count == 0;

    private string Counts => FormattableString.Invariant(
        $"{Count(PlannedKind.Add)} to add, {Count(PlannedKind.Enable) + Count(PlannedKind.Disable) + Count(PlannedKind.Replace) + result.Shares.Count} to change, {Count(PlannedKind.Remove)} to remove");

    /// <summary>A table.</summary>
    public string ToText(Layout layout) =>
        (IsEmpty ? "Nothing would be changed.\n" : Fill(layout.Table("CHANGE", "SET", "NAME", "URI", "WHAT")) + $"{Counts}; nothing was changed.\n") + LeftLines(layout);

    /// <summary>A line for each change, and one that counts them.</summary>
    public string ToPlan(Layout layout) => $"{Fill(layout.Rows("CHANGE", "SET", "NAME", "URI", "WHAT"))}Plan: {Counts}.\n{LeftLines(layout)}";

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteNumber("revision", result.Revision);
        writer.WriteString("kamailio", result.Kamailio.ToString());
        writer.WriteBoolean("followsIntents", result.FollowsIntents);
        JsonText.WriteArray(writer, "changes", result.Changes, (json, change) =>
        {
            json.WriteString("change", NameOf(change.Kind));
            WriteSet(json, change.Set);
            json.WriteString("name", change.Name);
            json.WriteString("uri", change.Uri);
        });
        JsonText.WriteArray(writer, "shares", result.Shares, static (json, shares) =>
        {
            json.WriteNumber("set", shares.Set);
            json.WriteString("what", WordsOf(shares));
        });
        JsonText.WriteArray(writer, "leftAsItIs", Left(), (json, left) =>
        {
            WriteSet(json, left.Set);
            json.WriteString("name", left.Name);
            json.WriteString("uri", left.Uri);
            json.WriteString("reason", left.Reason);
        });
        JsonText.WriteTexts(writer, "notPlanned", result.LeftOut);
    });

    /// <summary>Of a class its number too, by which Kamailio has it.</summary>
    private void WriteSet(Utf8JsonWriter json, int set)
    {
        var one = result.Classes.GetValueOrDefault(set);
        json.WriteNumber("set", set);
        json.WriteString("class", one?.Name);
        JsonText.WriteNumber(json, "classOf", one?.Home);
    }

    /// <summary>Nobody knows a class by its number.</summary>
    private string SetOf(int set) => Ages.Number(result.Classes.GetValueOrDefault(set)?.Home ?? set);

    private string ClassOf(int set) => result.Classes.GetValueOrDefault(set) is { } one ? $", in the class '{SharedCalls.Name(one.Name)}' by which calls are shared" : string.Empty;

    private IEnumerable<(int Set, string? Name, string Uri, string Reason)> Left() =>
    [
        .. result.Held.Select(static member => (member.Key.Set, (string?)member.Key.Name, member.Uri.Text, "it is not announced any more, with too many others at once, and would be kept (PANIC)")),
        .. result.Skips.Select(static skip => (skip.Set, skip.Member?.Name, skip.Uri, WordsOf(skip))),
    ];

    private TextTable Fill(TextTable table)
    {
        foreach (var change in result.Changes)
        {
            table.Add(SignOf(change.Kind), SetOf(change.Set), change.Name, change.Uri, WordsOf(change.Kind) + ClassOf(change.Set));
        }

        foreach (var shares in result.Shares)
        {
            table.Add("~", Ages.Number(shares.Set), null, null, WordsOf(shares));
        }

        return table;
    }

    private string LeftLines(Layout layout) => string.Concat(
        Left().Select(left => $"left as it is: set {SetOf(left.Set)}: {SafeText.Shorten(left.Name ?? left.Uri, 128)}: {left.Reason}{ClassOf(left.Set)}")
            .Concat(result.LeftOut.Select(static sentence => $"not planned: {sentence}")).Select(line => TextLines.Behind(string.Empty, line, layout.Width)));

    private int Count(PlannedKind kind) => result.Changes.Count(change => change.Kind == kind);

    private static string SignOf(PlannedKind kind) => kind switch
    {
        PlannedKind.Add => "+",
        PlannedKind.Remove => "-",
        _ => "~",
    };

    private static string WordsOf(PlannedKind kind) => kind switch
    {
        PlannedKind.Add => "is added",
        PlannedKind.Enable => "gets calls again",
        PlannedKind.Disable => "gets no more calls",
        PlannedKind.Replace => "is added anew, with what its record says, in place of the old one",
        _ => "is removed",
    };

    private static string WordsOf(PlannedShares shares) => shares.IsLater ? "its calls are shared anew as soon as those are routable who are to be in its classes"
        : shares.Shares.Length == 0 ? "its calls are shared evenly" : $"its calls are shared anew: {shares.Shares}";

    private static string NameOf(PlannedKind kind) => kind switch
    {
        PlannedKind.Add => "add",
        PlannedKind.Enable => "enable",
        PlannedKind.Disable => "disable",
        PlannedKind.Replace => "replace",
        _ => "remove",
    };

    private static string WordsOf(Skip skip) => skip.Reason switch
    {
        SkipReason.UnmanagedDuplicate => "somebody else has put the same destination there",
        SkipReason.Superseded => $"{SafeText.Shorten(skip.Holder?.Name ?? "another member", 128)} has its address, and is followed",
        SkipReason.RemovalDelayed => "it is disabled and nobody wants it: it would be removed after --removal-delay",
        SkipReason.Unsilenced => "it should get no calls, and cannot be told from somebody else's entry",
        SkipReason.CallsCounted => "its attributes change when no calls are counted on it",
        SkipReason.NotAllowed or SkipReason.ListedThoughNotAllowed => $"it brings attributes that it may not (--allow-attr): {SafeText.Shorten(skip.Detail ?? string.Empty, 200)}",
        _ => "it has to wait",
    };
}
