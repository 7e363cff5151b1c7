using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Config.Reading;

/// <summary>The simple kind of <c>#!ifexp</c> and <c>#!defexp</c>: a define or a number, alone or compared with another.</summary>
internal static partial class Expression
{
    /// <returns>Null when only Kamailio can tell.</returns>
    public static bool? Evaluate(string text, Defines defines)
    {
        if (Simple().Match(text) is not { Success: true } match || Value(match.Groups["left"].Value, defines) is not { } left)
        {
            return null;
        }

        if (!match.Groups["operator"].Success)
        {
            return left != 0;
        }

        return Value(match.Groups["right"].Value, defines) is not { } right ? null : match.Groups["operator"].Value switch
        {
            "<" => left < right,
            "<=" => left <= right,
            ">" => left > right,
            ">=" => left >= right,
            "==" => left == right,
            _ => left != right,
        };
    }

    /// <summary>A define without a value is 1 to Kamailio. One that is not known here may be known there.</summary>
    private static long? Value(string word, Defines defines) =>
        defines.Replace(word).Trim('"', '\'') is var value && value.Length == 0 ? 1
        : long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    [GeneratedRegex(@"^\s*(?<left>\w+)\s*(?:(?<operator><=|>=|==|!=|<|>)\s*(?<right>\w+)\s*)?$")]
    private static partial Regex Simple();
}
