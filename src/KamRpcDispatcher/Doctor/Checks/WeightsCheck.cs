using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether the weighted algorithms (9 and 11) share calls as they are told: both count in 100 slots.</summary>
internal static class WeightsCheck
{
    private const string Name = "kamailio.weights";
    private const string Percentages = "9";
    private const string Relative = "11";
    private const int Slots = 100;

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return [Finding.Unknown(Name, trouble)];
        }

        if (list.TooLong is not null)
        {
            return [Finding.Unknown(Name, "the list of destinations cannot be read")];
        }

        var weighted = list.Destinations.GroupBy(static destination => destination.Set).Where(static set => set.Any(IsWeighted)).ToList();
        if (weighted.Count == 0)
        {
            return [Finding.Ok(Name, "no destination has a weight")];
        }

        // The snippet tells which algorithm it uses; a script of one's own does not.
        if (kamailio.Algorithm is { } algorithm and not (Percentages or Relative))
        {
            return [Finding.Ok(Name, $"the snippet's algorithm {algorithm} does not use weights")];
        }

        var findings = weighted.SelectMany(set => OfSet(set, kamailio.Algorithm)).ToList();
        return findings.Count > 0 ? findings : [Finding.Ok(Name, $"the weights of {Wording.Count(weighted.Count, "set")} are as the weighted algorithms want them")];
    }

    private static bool IsWeighted(DispatcherDestination destination) => destination.Weight > 0 || destination.RelativeWeight > 0;

    private static IEnumerable<Finding> OfSet(IGrouping<int, DispatcherDestination> set, string? algorithm)
    {
        var count = set.Count();
        if (count > Slots)
        {
            yield return Finding.Error(
                Name, $"set {set.Key} has weights and {count} destinations, more than the {Slots} slots that Kamailio shares: the last one gets nearly all calls", "#!define KAMRPC_ALG \"4\"");
        }

        // kamrpc writes both kinds: without the algorithm only a weight alone says that percentages are meant.
        var arePercentages = algorithm == Percentages || (algorithm is null && set.All(static destination => destination.RelativeWeight == 0));
        if (arePercentages && set.Sum(static destination => destination.Weight) is var sum and not Slots)
        {
            yield return Finding.Warning(
                Name, $"the weights of set {set.Key} are percentages to algorithm 9, and their sum is {sum}: {(sum < Slots ? "the last destination gets the rest" : "those beyond 100 get no calls")}", "#!define KAMRPC_ALG \"11\"");
        }
    }
}
