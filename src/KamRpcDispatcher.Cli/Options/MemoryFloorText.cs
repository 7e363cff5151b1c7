using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KamRpcDispatcher.Push;

namespace KamRpcDispatcher.Cli.Options;

/// <summary>A part or an amount of memory as an option's value: <c>10%</c>, <c>16M</c>, <c>512k</c>, <c>1048576</c>.</summary>
internal static class MemoryFloorText
{
    private const int MostPercent = 90;

    /// <summary>Somebody who writes 10 means a percentage.</summary>
    private const long LeastBytes = 1L << 20;
    private const long MostBytes = 1L << 40;

    public static bool TryParse(string text, out MemoryFloor value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        var unit = text switch
        {
            [.., '%'] => 0,
            [.., 'k' or 'K'] => 1L << 10,
            [.., 'm' or 'M'] => 1L << 20,
            [.., 'g' or 'G'] => 1L << 30,
            _ => 1L,
        };
        var digits = unit == 1 ? text : text[..^1];
        error = null;
        if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            if (unit == 0 && number <= MostPercent)
            {
                value = MemoryFloor.OfPercent((int)number);
                return true;
            }

            if (unit > 0 && number <= MostBytes / unit && (number == 0 || number * unit >= LeastBytes))
            {
                value = MemoryFloor.OfBytes(number * unit);
                return true;
            }
        }

        error = $"'{text}' is neither a percentage from 0% to {MostPercent}% nor 1M or more bytes such as 16M or 16777216";
        return false;
    }
}
