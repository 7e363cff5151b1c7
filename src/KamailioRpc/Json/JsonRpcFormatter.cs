using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using KamailioRpc.Connections;
using KamailioRpc.Errors;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Json;

/// <summary>JSON-RPC 2.0 as Kamailio's jsonrpcs module speaks it: positional arguments of simple types out, one result or fault in.</summary>
/// <remarks>
/// StreamJsonRpc's own formatter serializes by reflection and so is not for trimmed programs; Kamailio needs four types of argument only.
/// There is no way to send <c>store_path</c>, which makes Kamailio write a file.
/// </remarks>
/// <param name="ids">The ids of the connection.</param>
/// <param name="replyName">For the FIFO: the name of the FIFO to reply to.</param>
internal sealed class JsonRpcFormatter(RequestIds ids, string? replyName = null) : IJsonRpcMessageFormatter
{
    /// <summary>Only what JSON itself asks to be escaped: nothing here is read by a browser.</summary>
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public JsonRpcFormatter(string? replyName = null)
        : this(new RequestIds(), replyName)
    {
    }

    /// <exception cref="KamailioMalformedReplyException">The bytes are not one JSON-RPC reply.</exception>
    public JsonRpcMessage Deserialize(ReadOnlySequence<byte> contentBuffer)
    {
        var (id, result, fault) = JsonReply.Read(contentBuffer);
        return ids.FromWire(id) is not { } request ? UnmatchedReply.Instance
            : fault is not null ? new JsonRpcError { RequestId = request, Error = fault }
            : new JsonRpcResult { RequestId = request, Result = result };
    }

    public void Serialize(IBufferWriter<byte> bufferWriter, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            throw new NotSupportedException($"Kamailio takes requests, not {message.GetType().Name}.");
        }

        using var writer = new Utf8JsonWriter(bufferWriter, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("jsonrpc"u8, "2.0"u8);
        writer.WriteString("method"u8, request.Method);
        writer.WriteStartArray("params"u8);
        foreach (var argument in request.ArgumentsList ?? [])
        {
            WriteArgument(writer, argument);
        }

        writer.WriteEndArray();
        writer.WriteNumber("id"u8, ids.ToWire(request.RequestId));
        if (replyName is not null)
        {
            writer.WriteString("reply_name"u8, replyName);
        }

        writer.WriteEndObject();
    }

    public object GetJsonText(JsonRpcMessage message) => throw new NotSupportedException();

    private static void WriteArgument(Utf8JsonWriter writer, object? argument)
    {
        switch (argument)
        {
            case string text:
                writer.WriteStringValue(text);
                break;

            // An integer must be one: Kamailio reads the string "8" as 0.
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case bool value:
                writer.WriteBooleanValue(value);
                break;
            default:
                throw new NotSupportedException($"Kamailio takes no {argument?.GetType().Name ?? "null"} as an argument.");
        }
    }
}
