using System.Globalization;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>What matters of a SIP message's head, in place.</summary>
internal readonly ref struct SipMessage
{
    /// <summary>The length of the body is missing, or not a length.</summary>
    public const int UnknownLength = -1;

    private SipMessage(int status, ReadOnlySpan<byte> phrase, ReadOnlySpan<byte> branch, ReadOnlySpan<byte> method, int bodyLength)
    {
        Status = status;
        Phrase = phrase;
        Branch = branch;
        Method = method;
        BodyLength = bodyLength;
    }

    /// <summary>The status code, 100 to 699; 0 when it is not a response.</summary>
    public int Status { get; }

    public ReadOnlySpan<byte> Phrase { get; }

    /// <summary>Of the topmost Via.</summary>
    public ReadOnlySpan<byte> Branch { get; }

    /// <summary>The method in CSeq.</summary>
    public ReadOnlySpan<byte> Method { get; }

    public int BodyLength { get; }

    /// <summary>The length of the head with the empty line that ends it; -1 when that has not come yet.</summary>
    /// <remarks>Lines end in CR LF, and a few servers' in LF alone. Kamailio takes both (<c>get_hdr_field</c>, <c>tcp_read_headers</c>), so that its own pings take such a server for alive.</remarks>
    public static int HeadLength(ReadOnlySpan<byte> text)
    {
        for (var line = 0; text[line..].IndexOf((byte)'\n') is var length and >= 0;)
        {
            line += length + 1;
            var rest = text[line..];
            var end = rest.StartsWith("\r\n"u8) ? 2 : rest.StartsWith("\n"u8) ? 1 : 0;
            if (end > 0)
            {
                return line + end;
            }
        }

        return -1;
    }

    /// <summary>The head of a message that a datagram holds: it begins after empty lines, and where no empty line ends it the datagram does. Empty for none.</summary>
    public static ReadOnlySpan<byte> HeadOf(ReadOnlySpan<byte> datagram)
    {
        var text = datagram.TrimStart("\r\n"u8);
        var length = HeadLength(text);
        return length >= 0 ? text[..length] : text is [.., (byte)'\n'] ? text : default;
    }

    /// <param name="head">The start line and the fields.</param>
    public static SipMessage Read(ReadOnlySpan<byte> head)
    {
        var rest = head[(head.IndexOf((byte)'\n') + 1)..];
        var status = ReadStatusLine(SipText.Trim(head[..^rest.Length]), out var phrase);
        ReadOnlySpan<byte> via = default, cseq = default;
        int? length = null;
        while (SipText.TakeField(ref rest, out var name, out var value))
        {
            if (via.IsEmpty && (SipText.Is(name, "via"u8) || SipText.Is(name, "v"u8)))
            {
                via = value;
            }
            else if (cseq.IsEmpty && SipText.Is(name, "cseq"u8))
            {
                cseq = value;
            }
            else if (SipText.Is(name, "content-length"u8) || SipText.Is(name, "l"u8))
            {
                var read = ReadLength(value);
                length = length is null || length == read ? read : UnknownLength;
            }
        }

        return new SipMessage(status, phrase, ReadBranch(via), ReadMethod(cseq), length ?? UnknownLength);
    }

    /// <summary>Whether it answers the OPTIONS request with this branch (RFC 3261, section 17.1.3).</summary>
    public bool Answers(ReadOnlySpan<byte> branch) => Status > 0 && Branch.SequenceEqual(branch) && Method.SequenceEqual("OPTIONS"u8);

    /// <returns>0 when it is none.</returns>
    private static int ReadStatusLine(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> phrase)
    {
        const int CodeStart = 8, CodeEnd = 11;
        phrase = default;
        if (line.Length < CodeEnd
            || !SipText.Is(line[..CodeStart], "sip/2.0 "u8)
            || !int.TryParse(line[CodeStart..CodeEnd], NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            || status is < 100 or > 699
            || (line.Length > CodeEnd && line[CodeEnd] != ' '))
        {
            return 0;
        }

        phrase = SipText.Trim(line[CodeEnd..]);
        return status;
    }

    /// <summary>Of the first of the Vias that may stand in one field: <c>SIP/2.0/UDP host:port;rport;branch=..., SIP/2.0/UDP ...</c></summary>
    private static ReadOnlySpan<byte> ReadBranch(ReadOnlySpan<byte> via)
    {
        var rest = SipText.TakeUpTo((byte)',', ref via);
        SipText.TakeUpTo((byte)';', ref rest);
        while (!rest.IsEmpty)
        {
            var value = SipText.TakeUpTo((byte)';', ref rest);
            var name = SipText.TakeUpTo((byte)'=', ref value);
            if (SipText.Is(name, "branch"u8))
            {
                return SipText.Trim(value);
            }
        }

        return default;
    }

    /// <summary>Of <c>1 OPTIONS</c>.</summary>
    private static ReadOnlySpan<byte> ReadMethod(ReadOnlySpan<byte> cseq) => SipText.Trim(cseq[(cseq.IndexOfAny(" \t\r\n"u8) + 1)..]);

    private static int ReadLength(ReadOnlySpan<byte> value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : UnknownLength;
}
