using System.Buffers;

namespace KamailioRpc.Json;

/// <summary>
/// Kamailio writes JSON to FIFOs and connections without any frame: the end of the object is the end of the message, looked for octet by
/// octet as they come. Whether it is JSON up to there is for the formatter to say.
/// </summary>
internal sealed class JsonFraming : IFraming
{
    private long _scanned;
    private int _depth;
    private bool _isInText;
    private bool _isEscaped;

    public SequencePosition? Find(ReadOnlySequence<byte> buffer)
    {
        foreach (var segment in buffer.Slice(_scanned))
        {
            if (Scan(segment.Span) is { } length)
            {
                var end = buffer.GetPosition(_scanned + length);
                _scanned = 0;
                return end;
            }

            _scanned += segment.Length;
        }

        return null;
    }

    /// <summary>How many octets there are up to the end of the object; null when it goes on.</summary>
    private int? Scan(ReadOnlySpan<byte> octets)
    {
        var (depth, isInText, isEscaped) = (_depth, _isInText, _isEscaped);
        for (var i = 0; i < octets.Length; i++)
        {
            var octet = octets[i];
            if (isInText)
            {
                isInText = isEscaped || octet != '"';
                isEscaped = !isEscaped && octet == '\\';
            }
            else if (octet is (byte)'{' or (byte)'}')
            {
                depth += octet == '{' ? 1 : -1;
                if (depth <= 0)
                {
                    (_depth, _isInText, _isEscaped) = (0, false, false);
                    return depth == 0 ? i + 1 : throw NotAnObject();
                }
            }
            else if (octet == '"' && depth > 0)
            {
                isInText = true;
            }
            else if (depth == 0 && octet is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
            {
                throw NotAnObject();
            }
        }

        (_depth, _isInText, _isEscaped) = (depth, isInText, isEscaped);
        return null;
    }

    private static KamailioGarbledReplyException NotAnObject() => new("what comes is not a JSON object");
}
