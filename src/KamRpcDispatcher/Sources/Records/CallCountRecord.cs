using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>How many calls are up on a member's server, as its announcer counted them while an operator drained it.</summary>
/// <param name="Calls">The calls; null where they could not be counted.</param>
public sealed record CallCount(int? Calls)
{
    /// <summary>All channels, where there are no calls; null where nobody asked for them. One without a call counts: it may become one.</summary>
    public int? Channels { get; init; }

    /// <summary>When they were counted, by the announcer's clock; null where the record does not say.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why they could not be counted, as the announcer says; null where they could, or where it does not say.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the dialogs of Kamailio were counted, at all proxies together, and not the calls at the server itself.</summary>
    public bool IsByDialogs { get; init; }

    /// <summary>Whether nothing is up; null where that is not known.</summary>
    public bool? IsIdle => Calls is null ? null : Calls == 0 && Channels is null or 0;

    /// <summary><c>3 calls</c>, <c>no calls</c>, <c>no calls, and 1 channel</c>, <c>2 calls, as Kamailio's dialogs count them</c>; why nobody knows.</summary>
    public override string ToString() => this switch
    {
        { Calls: null } => Reason is null ? "its announcer cannot count them" : SafeText.Shorten(Reason, MemberValidation.MaxReasonLength),
        { Calls: > 0 and var calls } => Number(calls, "call") + Source,
        { Channels: > 0 and var channels } => $"no calls, and {Number(channels, "channel")}",
        _ => "no calls" + Source,
    };

    private string Source => IsByDialogs ? ", as Kamailio's dialogs count them" : string.Empty;

    private static string Number(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number} {what}{(number == 1 ? string.Empty : "s")}");
}

/// <summary>The value in etcd of a count of calls: a JSON object of <c>calls</c>, <c>channels</c> and <c>at</c>; without <c>calls</c> of <c>reason</c> and <c>at</c>.</summary>
public static class CallCountRecord
{
    /// <summary>The longest value read, in bytes.</summary>
    public const int MaxLength = 4 * 1024;

    /// <summary>No server has so many.</summary>
    public const int MostCalls = 1_000_000;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(CallCount count)
    {
        ArgumentNullException.ThrowIfNull(count);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            if (count.Calls is { } calls)
            {
                writer.WriteNumber("calls", calls);
            }

            if (count.Channels is { } channels)
            {
                writer.WriteNumber("channels", channels);
            }

            if (count.Reason is { } reason)
            {
                writer.WriteString("reason", reason);
            }

            if (count.At is { } at)
            {
                writer.WriteString("at", at.UtcDateTime);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out CallCount? count, [NotNullWhen(false)] out string? error) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, Read, out count, out error);

    private static CallCount Read(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("the value is JSON, but not an object");
        }

        var count = new CallCount(Calls: null);
        foreach (var field in record.EnumerateObject())
        {
            count = field.Name switch
            {
                "calls" => count with { Calls = RecordFields.ReadInteger("calls", field.Value, static number => Check("calls", number)) },
                "channels" => count with { Channels = RecordFields.ReadInteger("channels", field.Value, static number => Check("channels", number)) },
                "reason" => count with { Reason = RecordFields.ReadReason("reason", field.Value) },
                "at" => count with { At = RecordFields.ReadTime("at", field.Value) },
                _ => count,
            };
        }

        return count;
    }

    private static string? Check(string name, long number) =>
        number is >= 0 and <= MostCalls ? null : string.Create(CultureInfo.InvariantCulture, $"{name}: {number} is not from 0 to {MostCalls}");
}
