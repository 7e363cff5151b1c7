using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using KamailioRpc.Errors;
using StreamJsonRpc.Protocol;

namespace KamailioRpc.Json;

/// <summary>Takes a JSON-RPC reply apart. The result is not decoded, but checked to be JSON, and copied once.</summary>
internal static class JsonReply
{
    /// <summary>A list nests five deep; a reply that nests deeper than this is not one of Kamailio's.</summary>
    public const int MaxDepth = 32;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = MaxDepth };

    /// <exception cref="KamailioMalformedReplyException">The bytes are not one JSON-RPC reply.</exception>
    public static (long Id, RpcResult? Result, JsonRpcError.ErrorDetail? Fault) Read(ReadOnlySequence<byte> reply)
    {
        try
        {
            return ReadObject(reply);
        }
        catch (JsonException exception)
        {
            throw new KamailioMalformedReplyException($"{reply.Length} bytes that are not JSON", exception);
        }
        catch (InvalidOperationException exception)
        {
            // What Utf8JsonReader throws for a string that it cannot decode; every kind of token is checked before it is read.
            throw new KamailioMalformedReplyException("a string of it is not valid UTF-8", exception);
        }
    }

    private static (long Id, RpcResult? Result, JsonRpcError.ErrorDetail? Fault) ReadObject(ReadOnlySequence<byte> reply)
    {
        var reader = new Utf8JsonReader(reply, ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new KamailioMalformedReplyException("it is JSON, but not an object");
        }

        long? id = null;
        RpcResult? result = null;
        JsonRpcError.ErrorDetail? fault = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                id = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                fault = ReadFault(ref reader);
            }
            else
            {
                var isResult = reader.ValueTextEquals("result"u8);
                reader.Read();
                var start = reader.TokenStartIndex;
                reader.Skip();
                result = isResult ? new RpcResult(reply.Slice(start, reader.BytesConsumed - start).ToArray(), (int)reply.Length) : result;
            }
        }

        // Reads on to the end, where something else than white space is not JSON.
        reader.Read();
        if (result is null && fault is null)
        {
            throw new KamailioMalformedReplyException("it has neither a result nor an error");
        }

        return (id ?? throw new KamailioMalformedReplyException("it has no numeric id"), result, fault);
    }

    /// <summary>Kamailio may quote what it was given, in whatever coding.</summary>
    private static string ReadMessage(ref Utf8JsonReader reader)
    {
        var isExact = true;
        var text = LenientText.Read(ref reader, ref isExact);
        return isExact || !Utf8.IsValid(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan)
            ? text
            : throw new KamailioMalformedReplyException("a string of it has half a character in it");
    }

    private static JsonRpcError.ErrorDetail ReadFault(ref Utf8JsonReader reader)
    {
        int? code = null;
        var message = string.Empty;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new KamailioMalformedReplyException("its error is no object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isCode = reader.ValueTextEquals("code"u8);
            var isMessage = reader.ValueTextEquals("message"u8);
            reader.Read();
            if (isCode && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
            {
                code = number;
            }
            else if (isMessage && reader.TokenType == JsonTokenType.String)
            {
                message = ReadMessage(ref reader);
            }

            reader.Skip();
        }

        return new JsonRpcError.ErrorDetail
        {
            Code = (JsonRpcErrorCode)(code ?? throw new KamailioMalformedReplyException("its error has no code")),
            Message = message,
        };
    }
}
