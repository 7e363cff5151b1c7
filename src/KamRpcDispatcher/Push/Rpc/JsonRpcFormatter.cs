using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using StreamJsonRpc;
using StreamJsonRpc.Protocol;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>JSON-RPC 2.0 as Kamailio's jsonrpcs module speaks it: positional arguments of simple types out, one result or fault in.</summary>
/// <remarks>
/// StreamJsonRpc's own formatter serializes by reflection and so is not for trimmed programs; Kamailio needs four types of argument only.
/// </remarks>
/// <param name="replyName">For the FIFO: the name of the FIFO to reply to.</param>
internal sealed class JsonRpcFormatter(string? replyName = null) : IJsonRpcMessageFormatter
{
    /// <summary>A list nests five deep; a reply that nests deeper than this is not one of Kamailio's.</summary>
    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = 32 };

    /// <summary>Only what JSON itself asks to be escaped: nothing here is read by a browser.</summary>
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="KamailioGarbledReplyException">The octets are not one JSON-RPC reply.</exception>
    public JsonRpcMessage Deserialize(ReadOnlySequence<byte> contentBuffer)
    {
        try
        {
            using var document = JsonDocument.Parse(contentBuffer, DocumentOptions);
            return ReadReply(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new KamailioGarbledReplyException($"{contentBuffer.Length} octets that are not JSON", exception);
        }
    }

    public void Serialize(IBufferWriter<byte> bufferWriter, JsonRpcMessage message)
    {
        if (message is not JsonRpcRequest request)
        {
            throw new NotSupportedException($"Kamailio takes requests, not {message.GetType().Name}.");
        }

        using var writer = new Utf8JsonWriter(bufferWriter, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("jsonrpc", "2.0");
        writer.WriteString("method", request.Method);
        writer.WriteStartArray("params");
        foreach (var argument in request.ArgumentsList ?? [])
        {
            WriteArgument(writer, argument);
        }

        writer.WriteEndArray();
        writer.WriteNumber("id", request.RequestId.Number ?? throw new NotSupportedException("Kamailio answers requests with a number only."));
        if (replyName is not null)
        {
            writer.WriteString("reply_name", replyName);
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

    private static JsonRpcMessage ReadReply(JsonElement reply)
    {
        if (reply.ValueKind != JsonValueKind.Object)
        {
            throw new KamailioGarbledReplyException("it is JSON, but not an object");
        }

        if (!reply.TryGetProperty("id", out var idElement) || idElement.ValueKind != JsonValueKind.Number || !idElement.TryGetInt64(out var id))
        {
            throw new KamailioGarbledReplyException("it has no numeric id");
        }

        if (reply.TryGetProperty("error", out var error))
        {
            return new JsonRpcError { RequestId = new RequestId(id), Error = ReadFault(error) };
        }

        return reply.TryGetProperty("result", out var result)
            ? new JsonRpcResult { RequestId = new RequestId(id), Result = result.Clone() }
            : throw new KamailioGarbledReplyException("it has neither a result nor an error");
    }

    private static JsonRpcError.ErrorDetail ReadFault(JsonElement error)
    {
        if (error.ValueKind != JsonValueKind.Object
            || !error.TryGetProperty("code", out var code)
            || code.ValueKind != JsonValueKind.Number
            || !code.TryGetInt32(out var number))
        {
            throw new KamailioGarbledReplyException("its error has no code");
        }

        var message = error.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        return new JsonRpcError.ErrorDetail { Code = (JsonRpcErrorCode)number, Message = message ?? string.Empty };
    }
}
