using System.Globalization;
using System.Text.RegularExpressions;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>The answers after which the snippet tries the next destination: the regular expression in its define KAMRPC_FAILOVER_CODES.</summary>
internal static class FailoverCodes
{
    public const string Define = "KAMRPC_FAILOVER_CODES";

    /// <summary>What comes of one that matches every answer.</summary>
    public const string Consequence = "matches every answer: a call that a server refuses (486 busy, 404, 603) is tried at the other servers too, and its caller gets 503 in the end";

    /// <summary>What to write.</summary>
    public const string Usual = $"#!define {Define} \"500|503|504\"";

    /// <summary>From 300 to here: the final answers that are no success.</summary>
    private const int LastAnswer = 699;

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(100);

    /// <summary>Why it is no regular expression; null where it is one.</summary>
    public static string? WhyNoExpression(string text)
    {
        try
        {
            _ = Expression(text);
            return null;
        }
        catch (RegexParseException exception)
        {
            return exception.Message.TrimEnd('.');
        }
    }

    /// <summary>Whether it matches every answer, as with an empty alternative. Not where it is none.</summary>
    public static bool MatchesAll(string text)
    {
        try
        {
            var expression = Expression(text);
            return Enumerable.Range(300, LastAnswer - 300 + 1).All(code => expression.IsMatch(code.ToString(CultureInfo.InvariantCulture)));
        }
        catch (Exception exception) when (exception is RegexParseException or RegexMatchTimeoutException)
        {
            return false;
        }
    }

    /// <summary>Kamailio's are those of POSIX, which has one more way to say a digit.</summary>
    private static Regex Expression(string text) => new(text.Replace("[:digit:]", "0-9", StringComparison.Ordinal), RegexOptions.None, Longest);
}
