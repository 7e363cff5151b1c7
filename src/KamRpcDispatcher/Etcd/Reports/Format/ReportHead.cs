using System.Text.Json;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Writes what is always there of a report, and of a bounded length; and fields that are left out where there is nothing to say.</summary>
internal static class ReportHead
{
    public static void Write(Utf8JsonWriter writer, ProxyStatus status)
    {
        writer.WriteNumber("revision", status.Revision);
        if (status.Silenced is { } silenced)
        {
            writer.WriteNumber("silenced", silenced);
        }

        if (status.Applies.Length > 0)
        {
            writer.WriteStartArray("applies");
            foreach (var kind in status.Applies)
            {
                writer.WriteStringValue(kind);
            }

            writer.WriteEndArray();
        }

        WriteIntents(writer, status.Intents);
        WriteSplits(writer, status.Splits);
        WriteIntent(writer, status.Intent);
        WriteText(writer, "zone", status.Zone);
        if (status.Serves.Length is > 0 and <= ProxyStatus.MostServed)
        {
            WriteNumbers(writer, "serves", status.Serves);
        }

        WriteIdentity(writer, status.Identity);
        WriteText(writer, "version", status.Version);
        WriteTime(writer, "writtenAt", status.WrittenAt);
        WriteContact(writer, status.Contact);
        WriteLoop(writer, status.Loop);
        WriteFollowed(writer, status.Follows);
        WriteTime(writer, "appliedAt", status.AppliedAt);
        writer.WriteString("kamailio", status.Kamailio);
        writer.WriteNumber("drift", status.Drift);
        WriteGrace(writer, status.Grace);
        ShareFields.Write(writer, status);
        DialogFields.Write(writer, status.Dialogs);
        if (status.IsFromSnapshot)
        {
            writer.WriteBoolean("fromSnapshot", true);
        }
    }

    private static void WriteIdentity(Utf8JsonWriter writer, ProxyIdentity? identity)
    {
        if (identity is null)
        {
            return;
        }

        writer.WriteStartObject("identity");
        writer.WriteString("machine", identity.Machine);
        writer.WriteString("host", identity.Host);
        writer.WriteString("kamailio", identity.Kamailio);
        WriteText(writer, "process", identity.Process);
        WriteText(writer, "daemon", identity.Daemon);
        writer.WriteEndObject();
    }

    private static void WriteContact(Utf8JsonWriter writer, KamailioContact? contact)
    {
        if (contact is null)
        {
            return;
        }

        writer.WriteStartObject("contact");
        writer.WriteBoolean("answers", contact.Answers);
        WriteTime(writer, "since", contact.Since);
        WriteText(writer, "reason", contact.Reason);
        writer.WriteEndObject();
    }

    private static void WriteLoop(Utf8JsonWriter writer, LoopStatus? loop)
    {
        if (loop is null)
        {
            return;
        }

        writer.WriteStartObject("loop");
        writer.WriteString("step", loop.Step);
        writer.WriteNumber("forMs", (long)loop.For.TotalMilliseconds);
        writer.WriteNumber("mostMs", (long)loop.Longest.TotalMilliseconds);
        writer.WriteEndObject();
    }

    private static void WriteFollowed(Utf8JsonWriter writer, FollowedMembers? followed)
    {
        if (followed is null)
        {
            return;
        }

        writer.WriteStartObject("follows");
        writer.WriteNumber("revision", followed.Revision);
        writer.WriteNumber("records", followed.Records);
        writer.WriteEndObject();
    }

    private static void WriteIntents(Utf8JsonWriter writer, IntentsProgress? intents)
    {
        if (intents is null)
        {
            return;
        }

        writer.WriteStartObject("intents");
        writer.WriteNumber("revision", intents.Revision);
        WriteNumber(writer, "silenced", intents.Silenced);
        writer.WriteEndObject();
    }

    private static void WriteSplits(Utf8JsonWriter writer, SplitsProgress? splits)
    {
        if (splits is null)
        {
            return;
        }

        writer.WriteStartObject("splits");
        writer.WriteNumber("revision", splits.Revision);
        if (splits.HasTable is { } hasTable)
        {
            writer.WriteBoolean("table", hasTable);
        }

        writer.WriteEndObject();
    }

    private static void WriteIntent(Utf8JsonWriter writer, ProxyIntent? intent)
    {
        if (intent is null)
        {
            return;
        }

        writer.WriteStartObject("proxy");
        writer.WriteNumber("revision", intent.Revision);
        writer.WriteBoolean("drained", intent.IsDrained);
        WriteText(writer, "by", intent.By is { } by ? ReportText.Line(by, ProxyIntent.LongestBy) : null);
        WriteTime(writer, "at", intent.At);
        WriteText(writer, "reason", intent.Reason is { } reason ? ReportText.Line(reason, ProxyIntent.LongestReason) : null);
        writer.WriteEndObject();
    }

    private static void WriteGrace(Utf8JsonWriter writer, GraceStatus grace)
    {
        writer.WriteStartObject("grace");
        writer.WriteString("mode", grace.Mode);
        writer.WriteNumber("count", grace.Count);
        writer.WriteNumber("p50Ms", Math.Round(grace.MedianMilliseconds, 2));
        writer.WriteNumber("p99Ms", Math.Round(grace.P99Milliseconds, 2));
        writer.WriteNumber("maxMs", Math.Round(grace.MaxMilliseconds, 2));
        writer.WriteNumber("timeouts", grace.Timeouts);
        writer.WriteEndObject();
    }

    public static void WriteNumbers(Utf8JsonWriter writer, string name, IEnumerable<int> numbers)
    {
        writer.WriteStartArray(name);
        foreach (var number in numbers)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }

    public static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }

    /// <summary>In UTC, which is <c>Z</c>: an offset has a plus sign, which JSON is written without.</summary>
    public static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } told)
        {
            writer.WriteString(name, told.UtcDateTime);
        }
    }

    public static void WriteNumber(Utf8JsonWriter writer, string name, long? number)
    {
        if (number is { } told)
        {
            writer.WriteNumber(name, told);
        }
    }

    public static void WriteCount(Utf8JsonWriter writer, string name, int count) => WriteNumber(writer, name, count > 0 ? count : null);
}
