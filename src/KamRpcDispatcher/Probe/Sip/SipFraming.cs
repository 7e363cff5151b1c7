namespace KamRpcDispatcher.Probe.Sip;

/// <summary>Finds the messages in a stream (RFC 3261, section 18.3).</summary>
internal static class SipFraming
{
    /// <summary>Takes the first whole message, after the line ends that keep a connection alive (RFC 5626, section 3.5.1).</summary>
    /// <param name="text">What came so far.</param>
    /// <param name="head">The message without its body, empty when it has not come wholly yet.</param>
    /// <returns>
    /// How much of the text is done with; -1 when that cannot be told, since the length of the body is missing or wrong, and so where the next
    /// message begins.
    /// </returns>
    public static int Take(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> head)
    {
        head = default;
        var start = text.IndexOfAnyExcept((byte)'\r', (byte)'\n');
        if (start < 0)
        {
            return text.Length;
        }

        var headLength = SipMessage.HeadLength(text[start..]);
        if (headLength < 0)
        {
            return start;
        }

        var body = SipMessage.Read(text.Slice(start, headLength)).BodyLength;
        if (body >= 0 && body > text.Length - start - headLength)
        {
            return start;
        }

        head = text.Slice(start, headLength);
        return body < 0 ? -1 : start + headLength + body;
    }
}
