using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KamRpcDispatcher.Operate;

/// <summary>How many ready members a set keeps at least: a number, or a percentage of its members, rounded up.</summary>
/// <param name="Value">1 or more; of a percentage 1 to 100.</param>
/// <param name="IsPercentage">Whether it is a percentage.</param>
public readonly record struct MinReady(int Value, bool IsPercentage)
{
    /// <summary>A set that has somebody does not have nobody.</summary>
    public static MinReady Default { get; } = new(1, IsPercentage: false);

    /// <summary>Reads <c>2</c> or <c>50%</c>.</summary>
    public static bool TryParse(string text, out MinReady value, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isPercentage = text.EndsWith('%');
        var isRead = int.TryParse(isPercentage ? text.AsSpan(0, text.Length - 1) : text, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        value = new MinReady(number, isPercentage);
        error = isRead && number >= 1 && (!isPercentage || number <= 100) ? null : $"'{text}' is neither a number from 1 on nor a percentage from 1% to 100%";
        return error is null;
    }

    /// <summary>How many these are of a set of a size.</summary>
    public int Of(int size) => IsPercentage ? (int)Math.Max(1, (((long)size * Value) + 99) / 100) : Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture) + (IsPercentage ? "%" : string.Empty);
}
