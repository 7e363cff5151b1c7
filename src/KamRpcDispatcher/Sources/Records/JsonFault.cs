using System.Text.Json;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Sources.Records;

/// <summary>What is wrong with a text that is not JSON, in words that name the place as an editor does.</summary>
internal static class JsonFault
{
    /// <summary>The line, from 1.</summary>
    public static long LineOf(JsonException exception) => (exception.LineNumber ?? 0) + 1;

    /// <summary>Such as <c>'}' in line 3, at byte 14, is not expected there</c>; safe to print.</summary>
    /// <param name="exception">What the reader threw.</param>
    /// <param name="text">What it read.</param>
    public static string Of(JsonException exception, ReadOnlySpan<byte> text)
    {
        if (exception.Message.Contains("uplicate", StringComparison.Ordinal))
        {
            return "a field is there twice in one object";
        }

        var at = Math.Min(text.Length, StartOf(text, exception.LineNumber ?? 0) + (exception.BytePositionInLine ?? 0));
        var rest = text[(int)at..];
        return exception.LineNumber is null ? "it cannot be read"
            : exception.Message.Contains("depth", StringComparison.Ordinal) && rest.Length > 0 ? "it is nested too deep"
            : text.Trim(" \t\r\n"u8).IsEmpty ? "it is empty"
            : rest.Trim(" \t\r\n"u8).IsEmpty ? "it ends too early"
            : FormattableString.Invariant($"{Shown(rest[0])} in line {LineOf(exception)}, at byte {exception.BytePositionInLine + 1}, is not expected there");
    }

    private static long StartOf(ReadOnlySpan<byte> text, long line)
    {
        var start = 0;
        for (; line > 0 && text[start..].IndexOf((byte)'\n') is var length and >= 0; line--)
        {
            start += length + 1;
        }

        return start;
    }

    private static string Shown(byte one) => one is >= 0x80 ? FormattableString.Invariant($"the byte 0x{one:x2}") : $"'{SafeText.Shorten(((char)one).ToString())}'";
}
