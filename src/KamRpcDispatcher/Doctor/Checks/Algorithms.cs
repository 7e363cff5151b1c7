using System.Globalization;
using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>The algorithms by which Kamailio selects destinations, as far as they can be told: the snippet's, and those that the script names.</summary>
internal static class Algorithms
{
    public static IReadOnlySet<int> Of(KamailioObservation kamailio)
    {
        var calls = kamailio.Config.Try(out var config, out _) ? config.Calls : [];
        var texts = calls.Where(static call => call.Function.StartsWith("ds_select", StringComparison.Ordinal)).SelectMany(In).Append(kamailio.Algorithm);
        return texts.Select(static text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1)
            .Where(static number => number >= 0).ToHashSet();
    }

    /// <summary><c>ds_select_dst("1", "4")</c>, but <c>ds_select_routes("1=4;2=8", "0")</c>.</summary>
    private static IEnumerable<string> In(ScriptCall call) => call switch
    {
        { Function: "ds_select_routes", Arguments: [var rules, ..] } => rules.Split(';').Select(static rule => rule.Split('=')[^1].Trim()),
        { Arguments: [_, var algorithm, ..] } => [algorithm],
        _ => [],
    };
}
