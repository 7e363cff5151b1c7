using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>A member's value in etcd: a JSON object of <c>uri</c> and, optionally, weight, slowStart, countsCalls, priority, attrs, labels, state, reason, since.</summary>
public static class MemberRecord
{
    /// <summary>The longest value read, in bytes; a member with every field at its longest has less than half of it.</summary>
    public const int MaxLength = 32 * 1024;

    /// <summary>The reason in the last record that an announcer writes before it deletes the key.</summary>
    public const string WithdrawnReason = "withdrawn";

    // A field that is there twice is not what its writer meant. How deep those of a newer version are nested is not known.
    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public static byte[] Write(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("uri", member.Uri.Text);
            if (member.Weight is { } weight)
            {
                writer.WriteNumber("weight", weight);
            }

            if (member.SlowStart is { } slowStart)
            {
                writer.WriteNumber("slowStart", (int)slowStart.TotalSeconds);
            }

            if (member.CountsCalls)
            {
                writer.WriteBoolean("countsCalls", true);
            }

            if (member.Priority != 0)
            {
                writer.WriteNumber("priority", member.Priority);
            }

            Write(writer, "attrs", member.Attributes);
            Write(writer, "labels", member.Labels);
            if (member.State != MemberState.Ready)
            {
                writer.WriteString("state", MemberStateName.Of(member.State));
            }

            if (member.Reason is { } reason)
            {
                writer.WriteString("reason", reason);
            }

            if (member.Since is { } since)
            {
                writer.WriteString("since", since.UtcDateTime);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value; <paramref name="error"/> names the first thing that is wrong with it.</summary>
    public static bool TryRead(MemberKey key, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out Member? member, [NotNullWhen(false)] out string? error) =>
        TryRead(key, value, out member, out error, out _);

    /// <summary>The same; <paramref name="remarks"/> tells what was left out, and the state, also of a record that cannot be used.</summary>
    /// <remarks>
    /// What a newer version writes must not keep a dead server in rotation: a field that is not known is left out, a state that is not known
    /// is not ready.
    /// </remarks>
    public static bool TryRead(
        MemberKey key, ReadOnlyMemory<byte> value, [NotNullWhen(true)] out Member? member, [NotNullWhen(false)] out string? error, out RecordRemarks remarks)
    {
        var reader = new MemberReader(key);
        var isRead = RecordJson.TryRead(value, MaxLength, ReaderOptions, reader.Read, out member, out error);
        remarks = reader.Remarks;
        return isRead;
    }

    private static void Write(Utf8JsonWriter writer, string name, ImmutableSortedDictionary<string, string> entries)
    {
        if (entries.IsEmpty)
        {
            return;
        }

        writer.WriteStartObject(name);
        foreach (var (key, value) in entries)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
    }
}
