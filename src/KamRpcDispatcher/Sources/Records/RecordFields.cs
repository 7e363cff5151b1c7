using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>Reads and writes the values of a record's fields; a <see cref="FormatException"/> names the field that is wrong.</summary>
internal static class RecordFields
{
    public static string ReadText(string name, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new FormatException($"{name}: not a string");

    public static bool ReadFlag(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new FormatException($"{name}: neither true nor false"),
    };

    /// <param name="name">The field's.</param>
    /// <param name="value">Its value.</param>
    /// <param name="check">Says what is wrong with a number; null for nothing.</param>
    public static int ReadInteger(string name, JsonElement value, Func<long, string?> check)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number))
        {
            throw new FormatException($"{name}: '{SafeText.Shorten(value.GetRawText())}' is not a whole number");
        }

        return check(number) is { } error ? throw new FormatException(error) : (int)number;
    }

    public static string ReadReason(string name, JsonElement value) => ReadText(name, value) is { Length: <= MemberValidation.MaxReasonLength } reason
        ? reason
        : throw new FormatException($"{name}: longer than {MemberValidation.MaxReasonLength} characters");

    public static DateTimeOffset ReadTime(string name, JsonElement value) => value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time)
        ? time
        : throw new FormatException($"{name}: not a time such as 2026-01-31T12:00:00Z");

    /// <summary>Writes who wishes something, since when, why, and who has declared it: as much of that as is known.</summary>
    public static void WriteOrigin(Utf8JsonWriter writer, string by, DateTimeOffset? at, string? reason, string? owner)
    {
        if (by.Length > 0)
        {
            writer.WriteString("by", by);
        }

        if (at is { } since)
        {
            writer.WriteString("at", since.UtcDateTime);
        }

        if (reason is not null)
        {
            writer.WriteString("reason", reason);
        }

        if (owner is not null)
        {
            writer.WriteString("owner", owner);
        }
    }
}
