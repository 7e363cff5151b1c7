using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace KamRpcDispatcher.Testing;

/// <summary>Requests and replies as jsonrpcs reads and writes them.</summary>
internal static class RpcMessage
{
    /// <summary>jsonrpcs cuts a longer request off, and what is left is not JSON.</summary>
    private const int MaxRequestBytes = 65_456;

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Pretty = new(Compact) { WriteIndented = true, IndentCharacter = '\t', IndentSize = 1 };

    /// <returns>Null when it is not a JSON object: jsonrpcs logs that and does not answer.</returns>
    public static FakeRequest? Parse(ReadOnlyMemory<byte> datagram, int sequence)
    {
        if (datagram.Length > MaxRequestBytes)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(datagram);
            var root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object
                ? new FakeRequest(Member(root, "method").ToString(), Member(root, "params"), Member(root, "id"), sequence)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static byte[] Result(FakeRequest request, JsonNode? result, bool pretty) => Reply(request, "result", result, pretty);

    public static byte[] Fault(FakeRequest request, int code, string message, bool pretty) =>
        Reply(request, "error", new JsonObject { ["code"] = code, ["message"] = message }, pretty);

    private static byte[] Reply(FakeRequest request, string kind, JsonNode? value, bool pretty)
    {
        var reply = new JsonObject { ["jsonrpc"] = "2.0", [kind] = value };
        if (request.Id.ValueKind != JsonValueKind.Undefined)
        {
            reply["id"] = JsonNode.Parse(request.Id.GetRawText());
        }

        return JsonSerializer.SerializeToUtf8Bytes(reply, pretty ? Pretty : Compact);
    }

    private static JsonElement Member(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value : default;
}
