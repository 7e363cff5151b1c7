using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc dispatch --dry-run</c> says.</summary>
internal sealed class DryRunAnswer(DryRunResult result)
{
    public bool IsEmpty => result.Changes.Count == 0;

    public string ToText(Layout layout)
    {
        var table = layout.Table("CHANGE", "SET", "NAME", "URI", "WHAT");
        foreach (var change in result.Changes)
        {
            table.Add(SignOf(change.Kind), Ages.Number(change.Set), change.Name, change.Uri, WordsOf(change.Kind));
        }

        var lines = result.Skips.Where(IsTold).Select(static skip => TextLines.Behind(string.Empty, $"left as it is: set {Ages.Number(skip.Set)}: {SafeText.Shorten(skip.Member?.Name ?? skip.Uri, 128)}: {WordsOf(skip)}", 80));
        return (IsEmpty ? "Nothing would be changed.\n" : table + FormattableString.Invariant(
            $"{Count(PlannedKind.Add)} to add, {Count(PlannedKind.Enable) + Count(PlannedKind.Disable) + Count(PlannedKind.Replace)} to change, {Count(PlannedKind.Remove)} to remove; nothing was changed.\n")) + string.Concat(lines);
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteNumber("revision", result.Revision);
        writer.WriteString("kamailio", result.Kamailio.ToString());
        JsonText.WriteArray(writer, "changes", result.Changes, static (json, change) =>
        {
            json.WriteString("change", NameOf(change.Kind));
            json.WriteNumber("set", change.Set);
            json.WriteString("name", change.Name);
            json.WriteString("uri", change.Uri);
        });
        JsonText.WriteArray(writer, "leftAsItIs", result.Skips.Where(IsTold), static (json, skip) =>
        {
            json.WriteNumber("set", skip.Set);
            json.WriteString("name", skip.Member?.Name);
            json.WriteString("uri", skip.Uri);
            json.WriteString("reason", WordsOf(skip));
        });
    });

    private int Count(PlannedKind kind) => result.Changes.Count(change => change.Kind == kind);

    /// <summary>That one which has left is removed later goes without saying.</summary>
    private static bool IsTold(Skip skip) => skip.Reason != SkipReason.RemovalDelayed;

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
        PlannedKind.Disable => "gets no more calls, and is removed later",
        PlannedKind.Replace => "is added anew, with what its record says, in place of the old one",
        _ => "is removed",
    };

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
        SkipReason.Unsilenced => "it should get no calls, and cannot be told from somebody else's entry",
        SkipReason.CallsCounted => "its attributes change when no calls are counted on it",
        SkipReason.NotAllowed or SkipReason.ListedThoughNotAllowed => $"it brings attributes that it may not (--allow-attr): {SafeText.Shorten(skip.Detail ?? string.Empty, 200)}",
        _ => "it has to wait",
    };
}
