using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>An intent's value in etcd: a JSON object of <c>drain</c>, <c>weight</c>, <c>by</c>, <c>at</c>, <c>reason</c>, <c>owner</c> and <c>weighed</c> (an object of the last four), all of them optional.</summary>
public static class IntentRecord
{
    /// <summary>The longest value read, in bytes; an intent with every field at its longest has less than that.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(Intent intent)
    {
        ArgumentNullException.ThrowIfNull(intent);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (intent.IsDrained)
            {
                writer.WriteBoolean("drain", true);
            }

            if (intent.Weight is { } weight)
            {
                writer.WriteNumber("weight", weight);
            }

            RecordFields.WriteOrigin(writer, intent.By, intent.At, intent.Reason, intent.Owner);
            if (intent.Weighed is { } weighed)
            {
                writer.WriteStartObject("weighed");
                RecordFields.WriteOrigin(writer, weighed.By, weighed.At, weighed.Reason, weighed.Owner);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(MemberKey key, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out Intent? intent, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, record => Read(key, record), out intent, out error);

    private static Intent Read(MemberKey key, JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var intent = new Intent(key);
        foreach (var field in record.EnumerateObject())
        {
            intent = field.Name switch
            {
                "drain" => intent with { IsDrained = RecordFields.ReadFlag("drain", field.Value) },
                "weight" => intent with { Weight = RecordFields.ReadInteger("weight", field.Value, MemberValidation.CheckWeight) },
                "by" => intent with { By = RecordFields.ReadReason("by", field.Value) },
                "at" => intent with { At = RecordFields.ReadTime("at", field.Value) },
                "reason" => intent with { Reason = RecordFields.ReadReason("reason", field.Value) },
                "owner" => intent with { Owner = RecordFields.ReadReason("owner", field.Value) },
                "weighed" => intent with { Weighed = ReadOrigin(field.Value) },
                _ => intent,
            };
        }

        return intent;
    }

    private static WeightOrigin ReadOrigin(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("weighed: not an object");
        }

        var origin = new WeightOrigin(string.Empty, null, null, null);
        foreach (var field in record.EnumerateObject())
        {
            origin = field.Name switch
            {
                "by" => origin with { By = RecordFields.ReadReason("weighed: by", field.Value) },
                "at" => origin with { At = RecordFields.ReadTime("weighed: at", field.Value) },
                "reason" => origin with { Reason = RecordFields.ReadReason("weighed: reason", field.Value) },
                "owner" => origin with { Owner = RecordFields.ReadReason("weighed: owner", field.Value) },
                _ => origin,
            };
        }

        return origin;
    }
}
