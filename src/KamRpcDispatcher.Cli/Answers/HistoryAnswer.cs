using System.Globalization;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.History;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc history</c> says.</summary>
/// <param name="view">What the history holds.</param>
/// <param name="set">The only set that is shown; null for all, and for what concerns none.</param>
/// <param name="limit">As many changes are shown.</param>
/// <param name="now">The time, by this host's clock.</param>
internal sealed class HistoryAnswer(HistoryView view, int? set, int limit, DateTimeOffset now)
{
    /// <summary>As many entries that cannot be read are named.</summary>
    public const int MostRejected = 5;

    private const int MostNamed = 3;

    private readonly List<StoredHistory> _all = [.. view.Entries.Where(entry => set is not { } only || entry.Entry.Sets.Contains(only))];

    private IEnumerable<StoredHistory> Shown => _all.Take(limit);

    public string ToText(Layout layout)
    {
        if (_all.Count == 0)
        {
            return set is { } only ? FormattableString.Invariant($"No change of set {only} is recorded.\n") : "No change is recorded.\n";
        }

        var table = layout.Whole(["WHO", "SET", "WHOM", "APPLIED"], [["AGE"], ["WHEN"]], "WHEN", "AGE", "WHO", "WHAT", "SET", "WHOM", "REVISION", "APPLIED", "CHANGE");
        foreach (var (revision, entry) in Shown)
        {
            table.Add(
                entry.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                Ages.Show(now - entry.At),
                entry.By,
                entry.What,
                SetText.Numbers(entry.Sets),
                Whom(entry),
                Ages.Number(revision),
                Applied(entry),
                Change(entry));
        }

        return table + (_all.Count > limit ? FormattableString.Invariant($"{limit} of {_all.Count} changes; --limit shows more.\n") : string.Empty);
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        writer.WriteNumber("revision", view.Revision);
        writer.WriteNumber("recorded", _all.Count);
        JsonText.WriteArray(writer, "changes", Shown, static (json, stored) =>
        {
            var entry = stored.Entry;
            json.WriteNumber("revision", stored.Revision);
            JsonText.WriteTime(json, "at", entry.At);
            json.WriteString("by", entry.By);
            json.WriteString("what", entry.What);
            json.WriteStartArray("sets");
            foreach (var number in entry.Sets)
            {
                json.WriteNumberValue(number);
            }

            json.WriteEndArray();
            JsonText.WriteTexts(json, "subjects", entry.Subjects);
            json.WriteNumber("more", entry.More);
            json.WriteString("from", entry.From);
            json.WriteString("to", entry.To);
            json.WriteString("reason", entry.Reason);
            JsonText.WriteBoolean(json, "waited", entry.Acknowledged is not null);
            JsonText.WriteArray(json, "acknowledged", entry.Acknowledged ?? [], static (one, time) =>
            {
                one.WriteString("proxy", time.Proxy);
                one.WriteNumber("milliseconds", (long)time.After.TotalMilliseconds);
            });
            JsonText.WriteTexts(json, "missing", entry.Missing);
        });
        JsonText.WriteArray(writer, "rejected", view.Rejected, static (json, rejected) =>
        {
            json.WriteString("key", rejected.Key);
            json.WriteString("reason", rejected.Reason);
        });
    });

    /// <summary><c>ready -> drained (kernel update)</c>.</summary>
    public static string? Change(HistoryEntry entry) => entry is { From: null, To: null } ? entry.Reason
        : $"{entry.From ?? "?"} -> {entry.To ?? "?"}{(string.IsNullOrEmpty(entry.Reason) ? string.Empty : $" ({entry.Reason})")}";

    public static string Whom(HistoryEntry entry)
    {
        var more = entry.More + Math.Max(0, entry.Subjects.Count - MostNamed);
        return string.Join(", ", entry.Subjects.Take(MostNamed)) + (more > 0 ? FormattableString.Invariant($" and {more} more") : string.Empty);
    }

    /// <summary><c>2 of 2 in 48ms</c>, as long as the slowest took, or <c>1 of 2, missing p2</c>; nothing where nobody waited for them.</summary>
    public static string? Applied(HistoryEntry entry)
    {
        if (entry.Acknowledged is not { } times)
        {
            return null;
        }

        var all = FormattableString.Invariant($"{times.Count} of {times.Count + entry.Missing.Count}");
        return entry.Missing.Count > 0 ? $"{all}, missing {string.Join(", ", entry.Missing.Take(MostNamed))}"
            : times.Count > 0 ? FormattableString.Invariant($"{all} in {(long)times[0].After.TotalMilliseconds}ms")
            : all;
    }
}
