using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Operate.History;

/// <summary>The value in etcd of an entry of the history: a JSON object; <c>at</c>, <c>by</c> and <c>what</c> are always there.</summary>
public static class HistoryRecord
{
    /// <summary>The longest value read, in bytes; an entry with every field at its longest has less.</summary>
    public const int MaxLength = 256 * 1024;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    /// <summary>What is longer than it may be is shortened.</summary>
    public static byte[] Write(HistoryEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("at", entry.At.UtcDateTime);
            writer.WriteString("by", Cut(entry.By));
            writer.WriteString("what", Cut(entry.What));
            WriteSets(writer, entry.Sets);
            WriteNames(writer, "subjects", entry.Subjects.Take(HistoryEntry.MostSubjects));
            if (entry.More > 0)
            {
                writer.WriteNumber("more", entry.More);
            }

            WriteText(writer, "from", entry.From);
            WriteText(writer, "to", entry.To);
            WriteText(writer, "reason", entry.Reason);
            WriteTimes(writer, entry.Acknowledged);
            WriteNames(writer, "missing", entry.Missing.Take(HistoryEntry.MostProxies));
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out HistoryEntry? entry, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, Read, out entry, out error);

    private static HistoryEntry Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var (entry, needed) = (new HistoryEntry(default, string.Empty, string.Empty), new HashSet<string> { "at", "by", "what" });
        foreach (var field in record.EnumerateObject())
        {
            needed.Remove(field.Name);
            entry = field.Name switch
            {
                "at" => entry with { At = RecordFields.ReadTime("at", field.Value) },
                "by" => entry with { By = RecordFields.ReadReason("by", field.Value) },
                "what" => entry with { What = RecordFields.ReadReason("what", field.Value) },
                "sets" => entry with { Sets = ReadAll("sets", field.Value, HistoryEntry.MostSets, static set => RecordFields.ReadInteger("sets", set, static number => Check("sets", number))) },
                "subjects" => entry with { Subjects = ReadNames("subjects", field.Value, HistoryEntry.MostSubjects) },
                "more" => entry with { More = RecordFields.ReadInteger("more", field.Value, static number => Check("more", number)) },
                "from" => entry with { From = RecordFields.ReadReason("from", field.Value) },
                "to" => entry with { To = RecordFields.ReadReason("to", field.Value) },
                "reason" => entry with { Reason = RecordFields.ReadReason("reason", field.Value) },
                "acknowledged" => entry with { Acknowledged = ReadTimes(field.Value) },
                "missing" => entry with { Missing = ReadNames("missing", field.Value, HistoryEntry.MostProxies) },
                _ => entry,
            };
        }

        return needed.Count == 0 ? entry : throw new FormatException($"{needed.Order().First()}: is missing");
    }

    private static string Cut(string text) => text.Length > MemberValidation.MaxReasonLength ? text[..MemberValidation.MaxReasonLength] : text;

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, Cut(text));
        }
    }

    private static void WriteSets(Utf8JsonWriter writer, IReadOnlyList<int> sets)
    {
        if (sets.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("sets");
        foreach (var set in sets.Take(HistoryEntry.MostSets))
        {
            writer.WriteNumberValue(set);
        }

        writer.WriteEndArray();
    }

    private static void WriteNames(Utf8JsonWriter writer, string name, IEnumerable<string> names)
    {
        List<string> all = [.. names];
        if (all.Count == 0)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var one in all)
        {
            writer.WriteStringValue(Cut(one));
        }

        writer.WriteEndArray();
    }

    private static void WriteTimes(Utf8JsonWriter writer, IReadOnlyList<ProxyTime>? times)
    {
        if (times is null)
        {
            return;
        }

        writer.WriteStartObject("acknowledged");
        foreach (var (proxy, after) in times.DistinctBy(static time => time.Proxy).Take(HistoryEntry.MostProxies))
        {
            writer.WriteNumber(Cut(proxy), (long)Math.Clamp(after.TotalMilliseconds, 0, int.MaxValue));
        }

        writer.WriteEndObject();
    }

    private static ProxyTime[] ReadTimes(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("acknowledged: not an object of proxies with milliseconds");
        }

        ProxyTime[] times =
        [
            .. value.EnumerateObject().Take(HistoryEntry.MostProxies + 1).Select(static time => new ProxyTime(
                time.Name, TimeSpan.FromMilliseconds(RecordFields.ReadInteger("acknowledged", time.Value, static number => Check("acknowledged", number))))),
        ];
        return times.Length <= HistoryEntry.MostProxies && Array.TrueForAll(times, static time => time.Proxy.Length <= MemberValidation.MaxReasonLength)
            ? [.. times.OrderByDescending(static time => time.After)]
            : throw new FormatException($"acknowledged: more than {HistoryEntry.MostProxies} proxies, or a name longer than {MemberValidation.MaxReasonLength} characters");
    }

    private static string[] ReadNames(string name, JsonElement value, int most) => ReadAll(name, value, most, one => RecordFields.ReadReason(name, one));

    private static T[] ReadAll<T>(string name, JsonElement value, int most, Func<JsonElement, T> read) =>
        value.ValueKind != JsonValueKind.Array ? throw new FormatException($"{name}: not an array")
        : value.GetArrayLength() > most ? throw new FormatException($"{name}: more than {most}")
        : [.. value.EnumerateArray().Select(read)];

    private static string? Check(string name, long number) =>
        number is >= 0 and <= int.MaxValue ? null : string.Create(CultureInfo.InvariantCulture, $"{name}: {number} is not from 0 to {int.MaxValue}");
}
