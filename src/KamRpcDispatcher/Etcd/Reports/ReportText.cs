using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>Texts of others, which may be of any length and hold anything, as a report takes them.</summary>
internal static class ReportText
{
    private const string Dots = "...";

    /// <summary>What JSON has to write in six characters, as a rule.</summary>
    private const string Escaped = "\"\\<>&'+`";

    /// <summary>One line of printable ASCII, no longer than a number of bytes in JSON.</summary>
    public static string Line(string text, int mostBytes) => Cut(SafeText.Shorten(text, mostBytes), mostBytes);

    /// <summary>Cuts a text so that it takes no more than a number of bytes in JSON.</summary>
    public static string Cut(string text, int mostBytes)
    {
        var (size, length) = (0, 0);
        foreach (var character in text)
        {
            size += SizeOf(character);
            if (size <= mostBytes - Dots.Length)
            {
                length++;
            }
        }

        return size <= mostBytes ? text : text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)] + Dots;
    }

    private static int SizeOf(char character) => character is >= ' ' and <= '~' && !Escaped.Contains(character, StringComparison.Ordinal) ? 1 : 6;
}
