using KamRpcDispatcher.Doctor.Config;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Settings;

/// <summary>The algorithms by which Kamailio selects destinations, as far as they can be told: the snippet's, and those that the script names.</summary>
internal static class Algorithms
{
    public static IReadOnlySet<int> Of(KamailioObservation kamailio)
    {
        var calls = kamailio.Config.Try(out var config, out _) ? config.Calls : [];
        return calls.SelectMany(SelectionAlgorithm.NamedIn).Append(kamailio.Algorithm ?? string.Empty)
            .Select(static text => SelectionAlgorithm.TryParse(text, out var number) ? number : (int?)null).OfType<int>().ToHashSet();
    }
}
