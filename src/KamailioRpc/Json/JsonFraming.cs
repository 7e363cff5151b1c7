using System.Buffers;
using System.Text.Json;
using KamailioRpc.Errors;

namespace KamailioRpc.Json;

/// <summary>Kamailio writes JSON to FIFOs and connections without any frame: the end of the object is the end of the message, searched for byte by byte as they come.</summary>
/// <remarks>Reading tokens is faster than counting braces: the reader passes over texts in one go.</remarks>
internal sealed class JsonFraming : IFraming
{
    private JsonReaderState _state = New();
    private long _scanned;

    public SequencePosition? Find(ReadOnlySequence<byte> buffer)
    {
        try
        {
            return Scan(buffer);
        }
        catch (JsonException exception)
        {
            throw new KamailioMalformedReplyException("what comes is not a JSON object", exception);
        }
    }

    private SequencePosition? Scan(ReadOnlySequence<byte> buffer)
    {
        var reader = new Utf8JsonReader(buffer.Slice(_scanned), isFinalBlock: false, _state);
        while (reader.Read())
        {
            if (reader.CurrentDepth > 0 || reader.TokenType == JsonTokenType.StartObject)
            {
                continue;
            }

            if (reader.TokenType != JsonTokenType.EndObject)
            {
                throw new KamailioMalformedReplyException("what comes is not a JSON object");
            }

            var end = buffer.GetPosition(_scanned + reader.BytesConsumed);
            _state = New();
            _scanned = 0;
            return end;
        }

        _scanned += reader.BytesConsumed;
        _state = reader.CurrentState;
        return null;
    }

    private static JsonReaderState New() => new(new JsonReaderOptions { MaxDepth = JsonReply.MaxDepth, AllowMultipleValues = true });
}
