using System.Collections.Immutable;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.Rollouts.Rolling;

/// <summary>The part of a rollout's record that only a rolling restart has: <c>exec</c>, <c>batch</c> and <c>members</c> are always there.</summary>
internal static class RollingRecord
{
    public static void Write(Utf8JsonWriter writer, RollingRestart restart)
    {
        writer.WriteStartObject("restart");
        writer.WriteString("exec", restart.Exec);
        writer.WriteNumber("batch", restart.Batch);
        writer.WriteNumber("execTimeoutMilliseconds", (long)restart.ExecTimeout.TotalMilliseconds);
        writer.WriteNumber("readyTimeoutMilliseconds", (long)restart.ReadyTimeout.TotalMilliseconds);
        if (restart.DrainTime is { } time)
        {
            writer.WriteNumber("drainTimeMilliseconds", (long)time.TotalMilliseconds);
        }

        writer.WriteStartArray("members");
        foreach (var member in restart.Members)
        {
            writer.WriteStartObject();
            writer.WriteString("name", member.Name);
            writer.WriteString("uri", member.Uri);
            writer.WriteString("stage", RollingText.Of(member.Stage));
            if (member.Said is { } said)
            {
                writer.WriteString("said", said);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <exception cref="FormatException">Something is wrong with it.</exception>
    public static RollingRestart Read(int set, JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("restart: not an object");
        }

        var restart = new RollingRestart(string.Empty, 0);
        foreach (var (name, value) in record.EnumerateObject().Select(static field => (field.Name, field.Value)).Where(static field => field.Value.ValueKind != JsonValueKind.Null))
        {
            restart = name switch
            {
                "exec" => restart with { Exec = RecordFields.ReadText(name, value) },
                "batch" => restart with { Batch = RolloutRecord.ReadCount(name, value, RollingRestart.MostInBatch) },
                "execTimeoutMilliseconds" => restart with { ExecTimeout = RolloutRecord.ReadDuration(name, value) },
                "readyTimeoutMilliseconds" => restart with { ReadyTimeout = RolloutRecord.ReadDuration(name, value) },
                "drainTimeMilliseconds" => restart with { DrainTime = RolloutRecord.ReadDuration(name, value) },
                "members" => restart with { Members = ReadMembers(set, value) },
                _ => restart,
            };
        }

        return restart.Exec.Trim().Length is 0 || restart.Exec.Length > RolloutRecord.MaxGateLength ? throw new FormatException($"exec: not 1 to {RolloutRecord.MaxGateLength} characters")
            : restart.Batch < 1 ? throw new FormatException("batch: not 1 or more")
            : restart.Members.IsEmpty ? throw new FormatException("members: is missing")
            : restart.Members.Select(static member => member.Name).Distinct(StringComparer.Ordinal).Count() != restart.Members.Length ? throw new FormatException("members: one is named twice")
            : restart;
    }

    private static ImmutableArray<RollingMember> ReadMembers(int set, JsonElement value) =>
        value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > RollingRestart.MostMembers ? throw new FormatException($"members: not an array of at most {RollingRestart.MostMembers}")
        : [.. value.EnumerateArray().Select(member => ReadMember(set, member))];

    private static RollingMember ReadMember(int set, JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("members: one is not an object");
        }

        var member = new RollingMember(string.Empty, string.Empty, RollingStage.Waiting);
        foreach (var field in record.EnumerateObject().Where(static field => field.Value.ValueKind != JsonValueKind.Null))
        {
            member = field.Name switch
            {
                "name" => member with { Name = RecordFields.ReadText("members: name", field.Value) },
                "uri" => member with { Uri = RecordFields.ReadText("members: uri", field.Value) },
                "stage" => member with { Stage = RolloutRecord.ReadOne("members: stage", field.Value, RollingText.Of, Enum.GetValues<RollingStage>()) },
                "said" => member with { Said = RecordFields.ReadReason("members: said", field.Value) },
                _ => member,
            };
        }

        // Both end up in the environment of a command: what no member may announce has no place there.
        return !MemberKey.TryParse(FormattableString.Invariant($"{set}/{member.Name}"), out _, out var wrong) ? throw new FormatException($"members: name: {SafeText.Shorten(wrong)}")
            : !SipUri.TryParse(member.Uri, out _, out var wrongUri) ? throw new FormatException($"members: uri: {SafeText.Shorten(wrongUri)}")
            : member;
    }
}
