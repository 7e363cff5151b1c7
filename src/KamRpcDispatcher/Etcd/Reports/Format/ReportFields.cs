using System.Collections.Immutable;
using System.Text.Json;

namespace KamRpcDispatcher.Etcd.Reports.Format;

/// <summary>Reads fields of a report; a <see cref="FormatException"/> names the one that is wrong.</summary>
/// <remarks>By hand, since a part that a newer version writes in another way must not hide the rest from whoever waits for that.</remarks>
internal static class ReportFields
{
    public static bool Has(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out _);

    public static string Text(JsonElement of, string name) => Field(of, name, JsonValueKind.String).GetString()!;

    public static string? OptionalText(JsonElement of, string name) => Has(of, name) ? Text(of, name) : null;

    public static DateTimeOffset Time(JsonElement of, string name) =>
        Field(of, name, JsonValueKind.String).TryGetDateTimeOffset(out var time)
            ? time
            : throw new FormatException($"{name} is not a time such as 2026-01-31T12:00:00Z");

    public static DateTimeOffset? OptionalTime(JsonElement of, string name) => Has(of, name) ? Time(of, name) : null;

    public static long Count(JsonElement of, string name, long most) =>
        Field(of, name, JsonValueKind.Number).TryGetInt64(out var number) && number >= 0 && number <= most
            ? number
            : throw new FormatException($"{name} is not a whole number from 0 to {most}");

    public static int Count(JsonElement of, string name) => (int)Count(of, name, int.MaxValue);

    public static int? OptionalCount(JsonElement of, string name) => Has(of, name) ? Count(of, name) : null;

    public static bool Flag(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value)
            && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException($"{name} is neither true nor false"));

    public static bool RequiredFlag(JsonElement of, string name) => Has(of, name) ? Flag(of, name) : throw new FormatException($"{name} is missing");

    public static double Milliseconds(JsonElement of, string name) =>
        Field(of, name, JsonValueKind.Number).TryGetDouble(out var number) && double.IsFinite(number) && number >= 0
            ? number
            : throw new FormatException($"{name} is not a number of milliseconds");

    /// <summary>The whole numbers of an array; none where it is not there.</summary>
    public static ImmutableArray<int> Numbers(JsonElement of, string name) => Items(of, name, entry =>
        entry.ValueKind == JsonValueKind.Number && entry.TryGetInt32(out var number) && number >= 0 ? number : throw new FormatException($"{name} holds what is no whole number"));

    /// <summary>The items of an array; none where it is not there.</summary>
    public static ImmutableArray<T> Items<T>(JsonElement of, string name, Func<JsonElement, T> read) =>
        Has(of, name) ? [.. Field(of, name, JsonValueKind.Array).EnumerateArray().Select(read)] : [];

    public static JsonElement Field(JsonElement of, string name, JsonValueKind kind) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind == kind
            ? value
            : throw new FormatException($"{name} is missing, or of the wrong kind");
}
