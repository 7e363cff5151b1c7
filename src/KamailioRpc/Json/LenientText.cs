using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace KamailioRpc.Json;

/// <summary>Texts of other people's that may hold any bytes: Kamailio writes what it was given, escaping quotes, backslashes and control characters only.</summary>
/// <remarks>
/// A text that is not UTF-8 is shown with <c>\xNN</c> for each byte that is none, and <c>\\</c> for a backslash, so that no two texts look alike;
/// it is not what Kamailio has, and must not be sent back.
/// </remarks>
internal static class LenientText
{
    private const int Shown = 80;

    /// <summary>Reads the string at which the reader is.</summary>
    /// <param name="reader">Over one segment.</param>
    /// <param name="isExact">Set to false where the text is not what Kamailio has.</param>
    public static string Read(ref Utf8JsonReader reader, ref bool isExact)
    {
        var raw = reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan;
        if (raw.IsEmpty)
        {
            return string.Empty;
        }

        if (!reader.ValueIsEscaped)
        {
            if (Utf8.IsValid(raw))
            {
                return Encoding.UTF8.GetString(raw);
            }
        }
        else if (Utf8.IsValid(raw) && TryGet(ref reader, out var text))
        {
            return text;
        }

        isExact = false;
        return Show(raw, isEscaped: reader.ValueIsEscaped);
    }

    /// <summary>What a log or a table may show of bytes: printable, and short.</summary>
    public static string Shorten(ReadOnlySpan<byte> bytes) => Shorten(Show(bytes[..Math.Min(bytes.Length, 4 * Shown)], isEscaped: false));

    public static string Shorten(string text)
    {
        var shown = new StringBuilder(Shown + 8);
        foreach (var letter in text)
        {
            if (shown.Length >= Shown)
            {
                return shown.Append('…').ToString();
            }

            _ = char.IsControl(letter) || char.IsSurrogate(letter) || CharUnicodeInfo.GetUnicodeCategory(letter) is UnicodeCategory.Format
                ? shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}")
                : shown.Append(letter);
        }

        return shown.ToString();
    }

    /// <summary>An escape may stand for half a character, which is no text.</summary>
    private static bool TryGet(ref Utf8JsonReader reader, out string text)
    {
        try
        {
            text = reader.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            text = string.Empty;
            return false;
        }
    }

    private static string Show(ReadOnlySpan<byte> raw, bool isEscaped)
    {
        var shown = new StringBuilder(raw.Length + 16);
        while (!raw.IsEmpty)
        {
            if (isEscaped && raw[0] == '\\')
            {
                var length = raw[1] == 'u' ? 6 : 2;
                Append(shown, Unescape(raw[..length]));
                raw = raw[length..];
            }
            else if (Rune.DecodeFromUtf8(raw, out var rune, out var read) == OperationStatus.Done)
            {
                _ = rune.Value == '\\' ? shown.Append("\\\\") : shown.Append(rune.ToString());
                raw = raw[read..];
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\x{raw[0]:x2}");
                raw = raw[1..];
            }
        }

        return shown.ToString();
    }

    private static void Append(StringBuilder shown, char letter) => _ = letter switch
    {
        '\\' => shown.Append("\\\\"),
        _ when char.IsSurrogate(letter) => shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
        _ => shown.Append(letter),
    };

    /// <summary>The reader has checked that it is one.</summary>
    private static char Unescape(ReadOnlySpan<byte> escape) => (char)escape[1] switch
    {
        'u' => (char)int.Parse(escape[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture),
        'b' => '\b',
        'f' => '\f',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        var itself => itself,
    };
}
