using System.Buffers;
using System.Text.Json;

namespace KamRpcDispatcher.Push.Rpc;

/// <summary>Finds the end of a JSON object in a stream, octet by octet as it comes: Kamailio writes replies to a FIFO without any frame.</summary>
internal sealed class JsonObjectScanner
{
    private JsonReaderState _state = New();
    private long _scanned;

    /// <summary>
    /// Looks at what has come since the last look. The position behind the object when it is whole, else null; what was found must be
    /// taken out of the buffer before the next look.
    /// </summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public SequencePosition? Find(ReadOnlySequence<byte> buffer)
    {
        var reader = new Utf8JsonReader(buffer.Slice(_scanned), isFinalBlock: false, _state);
        while (reader.Read())
        {
            if (reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            {
                var end = buffer.GetPosition(_scanned + reader.BytesConsumed);
                _state = New();
                _scanned = 0;
                return end;
            }
        }

        _scanned += reader.BytesConsumed;
        _state = reader.CurrentState;
        return null;
    }

    private static JsonReaderState New() => new(new JsonReaderOptions { MaxDepth = 32, AllowMultipleValues = true });
}
