using System.Text.Json;
using KamRpcDispatcher.Cli.Output;
using KamRpcDispatcher.Operate.Pruning;

namespace KamRpcDispatcher.Cli.Answers;

/// <summary>What <c>kamrpc prune</c> says.</summary>
/// <param name="orphans">What was found.</param>
/// <param name="outcome">What came of it; null where nothing was to be deleted, or nobody said so.</param>
internal sealed class PruneAnswer(IReadOnlyList<Orphan> orphans, PruneOutcome? outcome)
{
    private List<Orphan> Deletable => [.. orphans.Where(static orphan => orphan.Kept is null)];

    public override string ToString()
    {
        if (orphans.Count == 0)
        {
            return "Nothing is left of members or sets that are gone.\n";
        }

        var table = Layout.OfOutput().Sentences("RECORD", "SET", "NAME", "SAYS", "SINCE", "RESULT");
        foreach (var orphan in orphans)
        {
            table.Add(OrphanText.Of(orphan.Kind), Ages.Number(orphan.Set), orphan.Name, orphan.What, orphan.At?.UtcDateTime.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), ResultOf(orphan));
        }

        return table + (outcome is { Deleted.Count: > 0 and var count } ? FormattableString.Invariant($"{Ages.Count(count, "record")} deleted at revision {outcome.Revision}.\n") : $"{Ages.Count(Deletable.Count, "record")} to delete.\n");
    }

    /// <summary>For programs: later versions only add fields.</summary>
    public string ToJson() => JsonText.Write(writer =>
    {
        JsonText.WriteNumber(writer, "revision", outcome is { Revision: > 0 and var revision } ? (long?)revision : null);
        writer.WriteNumber("deleted", outcome?.Deleted.Count ?? 0);
        JsonText.WriteArray(writer, "orphans", orphans, Write);

        void Write(Utf8JsonWriter json, Orphan orphan)
        {
            json.WriteString("kind", OrphanText.Of(orphan.Kind));
            json.WriteNumber("set", orphan.Set);
            json.WriteString("name", orphan.Name);
            json.WriteString("what", orphan.What);
            JsonText.WriteTime(json, "at", orphan.At);
            json.WriteString("kept", orphan.Kept);
            json.WriteBoolean("gone", IsDeleted(orphan));
        }
    });

    private string ResultOf(Orphan orphan) => orphan.Kept is { } kept ? $"kept: {kept}" : IsDeleted(orphan) ? "deleted" : outcome is null ? "to delete" : "not deleted";

    private bool IsDeleted(Orphan orphan) => outcome?.Deleted.Contains(orphan) == true;
}
