using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>The value in etcd of a wait, a JSON object of <c>revision</c>.</summary>
/// <param name="Revision">The store's revision that somebody waits for.</param>
internal sealed record WaitRecord(long Revision)
{
    /// <summary>The longest value read, in bytes.</summary>
    private const int MaxLength = 1024;

    private static readonly JsonDocumentOptions ReaderOptions = new() { AllowDuplicateProperties = false };

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("revision", Revision);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a value. A field that is not known is of a newer version, and left out.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> value, [NotNullWhen(true)] out WaitRecord? wait) =>
        RecordJson.TryRead(value, MaxLength, ReaderOptions, Read, out wait, out _);

    private static WaitRecord Read(JsonElement record) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty("revision", out var revision) && revision.ValueKind == JsonValueKind.Number && revision.TryGetInt64(out var number) && number > 0
            ? new WaitRecord(number)
            : throw new FormatException("the value is no object with a revision");
}
