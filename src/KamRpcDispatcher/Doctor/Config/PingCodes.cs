using System.Globalization;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>The answers that prove a destination alive: dispatcher's <c>ds_ping_reply_codes</c>, such as <c>class=2;code=404</c>.</summary>
internal static class PingCodes
{
    /// <summary>What Kamailio answers itself to a ping that nobody answers.</summary>
    private const int Timeout = 408;

    /// <summary>What comes of one that counts it.</summary>
    public const string Consequence = "408, which Kamailio makes itself when nothing answers a ping, counts as an answer: a server that is dead goes on getting calls";

    /// <summary>The parts by which an unanswered ping counts as answered.</summary>
    public static IReadOnlyList<string> CountingSilence(string codes) => [.. Parts(codes).Where(static part => part.Code is Timeout or (Timeout / 100)).Select(static part => part.Text)];

    /// <summary>The parts that Kamailio passes over without a word.</summary>
    public static IReadOnlyList<string> WithoutEffect(string codes) => [.. Parts(codes).Where(static part => part.Code is null).Select(static part => part.Text)];

    /// <summary>The codes without those, as a line to write.</summary>
    public static string Without(string codes, IReadOnlyList<string> parts) =>
        string.Join(';', Parts(codes).Select(static part => part.Text).Except(parts)) is { Length: > 0 } rest ? rest : "class=2";

    /// <summary>A class is its one digit, as in the module.</summary>
    private static IEnumerable<(string Text, int? Code)> Parts(string codes) =>
        from text in codes.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        let sides = text.Split('=', 2, StringSplitOptions.TrimEntries)
        let number = sides.Length > 1 && int.TryParse(sides[1].Trim('"', '\''), NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0
        select (text, sides[0].ToUpperInvariant() switch
        {
            "CODE" when number is >= 100 and < 700 => number,
            "CLASS" when number is >= 1 and < 7 => (int?)number,
            _ => null,
        });
}
