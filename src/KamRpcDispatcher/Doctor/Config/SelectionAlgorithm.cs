using System.Globalization;
using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Config.Reading;

namespace KamRpcDispatcher.Doctor.Config;

/// <summary>The algorithms by which Kamailio's dispatcher selects a destination: where a script names one, and with which no call gets through, or all go to one.</summary>
internal static class SelectionAlgorithm
{
    /// <summary>The hash over what <c>hash_pvar</c> names.</summary>
    public const int VariableHash = 7;

    /// <summary>The one with the fewest calls.</summary>
    public const int CallLoad = 10;

    /// <summary>All up to this one are known to every release that kamrpc works with.</summary>
    private const int LastOfAll = 12;

    /// <summary>What comes of <see cref="VariableHash"/> where nothing says what to hash.</summary>
    public const string NoVariable = "algorithm 7 hashes over hash_pvar of dispatcher, which nothing sets: no destination is selected, and every call gets 503";

    /// <summary>What to do then.</summary>
    public const string SetVariable = "modparam(\"dispatcher\", \"hash_pvar\", \"$fU\"), or over what is to be hashed in place of $fU, below the line that loads dispatcher";

    /// <summary>Of what comes later nothing is known here.</summary>
    private static readonly KamailioVersion LastKnown = new(6, 2);

    private static readonly (int Algorithm, KamailioVersion From)[] Later = [(13, new(5, 5)), (64, new(6, 0)), (14, new(6, 1)), (15, new(6, 2))];

    /// <summary>What a call of <c>ds_select_*</c> names: <c>ds_select_dst("1", "4")</c>, but <c>ds_select_routes("1=4;2=8", "0")</c>. Variables too, which are no numbers.</summary>
    public static IEnumerable<string> NamedIn(ScriptCall call) => call switch
    {
        { Function: "ds_select_routes", Arguments: [var rules, ..] } => rules.Split(';').Select(static rule => rule.Split('=')[^1].Trim()),
        { Arguments: [_, var algorithm, ..] } when call.Function.StartsWith("ds_select", StringComparison.Ordinal) => [algorithm],
        _ => [],
    };

    /// <summary>Whether Kamailio takes a text for a number when it starts; a variable it reads for each call.</summary>
    public static bool TryParse(string text, out int algorithm) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out algorithm);

    /// <summary>What comes of an algorithm that Kamailio does not have (<c>ds_manage_routes</c>); null where it has it.</summary>
    /// <param name="algorithm">Its number.</param>
    /// <param name="release">Kamailio's; null where that is not known, and may be any.</param>
    public static string? WhyUnknown(int algorithm, KamailioVersion? release)
    {
        if (algorithm is >= 0 and <= LastOfAll)
        {
            return null;
        }

        const string Consequence = "every call goes to the first destination of its set, and the others get none";
        if (Array.Find(Later, later => later.Algorithm == algorithm) is not { Algorithm: > 0 } known)
        {
            return release is { IsAssumed: false } newer && algorithm > LastOfAll && (newer.Major, newer.Minor).CompareTo((LastKnown.Major, LastKnown.Minor)) > 0
                ? null
                : FormattableString.Invariant($"there is no algorithm {algorithm}: {Consequence}");
        }

        return release is { IsAssumed: false } version && (version.Major, version.Minor).CompareTo((known.From.Major, known.From.Minor)) < 0
            ? FormattableString.Invariant($"algorithm {algorithm} came with Kamailio {known.From}, and this is {version}: {Consequence}")
            : null;
    }

    /// <summary>Whether a config says what <see cref="VariableHash"/> hashes; null where only Kamailio can tell.</summary>
    public static bool? HasVariable(KamailioConfig config) => config.Of("dispatcher", "hash_pvar").LastOrDefault() switch
    {
        { IsCertain: false } => null,
        { } line => line.Value.Length > 0,
        null => config.Unread.Count > 0 ? null : false,
    };
}
