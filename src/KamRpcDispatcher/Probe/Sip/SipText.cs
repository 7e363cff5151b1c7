using System.Text;

namespace KamRpcDispatcher.Probe.Sip;

/// <summary>The few rules of SIP's grammar (RFC 3261, section 25) that an answer is read by. All of it in place, on untrusted bytes.</summary>
internal static class SipText
{
    /// <summary>Takes the next header field off, with the lines that it is folded over; false at the end of the head.</summary>
    public static bool TakeField(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        var end = LineEnd(rest, 0);
        while (end < rest.Length && rest[end] is (byte)' ' or (byte)'\t')
        {
            end = LineEnd(rest, end);
        }

        var field = Trim(rest[..end]);
        rest = rest[end..];
        if (field.IsEmpty)
        {
            return false;
        }

        // A line without a colon is a field without a name: nobody asks for it.
        var colon = field.IndexOf((byte)':');
        name = colon < 0 ? default : Trim(field[..colon]);
        value = Trim(field[(colon + 1)..]);
        return true;
    }

    /// <summary>Takes the text up to the separator off, without those in quoted strings.</summary>
    public static ReadOnlySpan<byte> TakeUpTo(byte separator, scoped ref ReadOnlySpan<byte> rest)
    {
        var quoted = false;
        for (var i = 0; i < rest.Length; i++)
        {
            if (quoted && rest[i] == '\\')
            {
                i++;
            }
            else if (rest[i] == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && rest[i] == separator)
            {
                var taken = Trim(rest[..i]);
                rest = rest[(i + 1)..];
                return taken;
            }
        }

        var all = Trim(rest);
        rest = default;
        return all;
    }

    /// <summary>Blanks include line ends: a folded value has them inside.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n"u8);

    public static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lowerCase) => Ascii.EqualsIgnoreCase(text, lowerCase);

    /// <summary>The index after the line end. Lines end in CR LF; LF alone does no harm.</summary>
    private static int LineEnd(ReadOnlySpan<byte> text, int start)
    {
        var length = text[start..].IndexOf((byte)'\n');
        return length < 0 ? text.Length : start + length + 1;
    }
}
