using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Checks.Settings;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether the weighted algorithms (9 and 11) share calls as they are told: both count in 100 slots.</summary>
internal static class WeightsCheck
{
    private const string Name = "kamailio.weights";
    private const int Percentages = (int)WeightedAlgorithm.Percentages;
    private const int Relative = (int)WeightedAlgorithm.Relative;
    private const int Slots = 100;

    public static IEnumerable<Finding> Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return [Finding.Unknown(Name, trouble)];
        }

        if (!list.IsWhole)
        {
            return [Finding.Unknown(Name, ListReply.NotWhole)];
        }

        // Whose destinations stand in classes too, whose members have one weight, shares calls by a map; the algorithm counts there where a class fails.
        var inClasses = list.Destinations.Where(static destination => ClassSets.Has(destination.Set)).Select(static destination => destination.Uri).ToHashSet(StringComparer.Ordinal);
        var weighted = list.Destinations.Where(static destination => !ClassSets.Has(destination.Set)).GroupBy(static destination => destination.Set)
            .Where(set => set.Any(IsWeighted) && !set.All(destination => inClasses.Contains(destination.Uri))).ToList();
        if (weighted.Count == 0)
        {
            return [Finding.Ok(Name, inClasses.Count == 0 ? "no destination has a weight" : "no destination has a weight that the algorithm goes by: calls are shared by maps")];
        }

        // The snippet tells which algorithm it uses, and a script of one's own that can be read; of others nothing is known.
        var used = Algorithms.Of(kamailio);
        var algorithm = used.Contains(Relative) ? Relative : used.Contains(Percentages) ? Percentages : (int?)null;
        if (algorithm is null && used.Count > 0)
        {
            return [Finding.Ok(Name, $"algorithm {string.Join(", ", used.Order())} does not use weights")];
        }

        var findings = weighted.SelectMany(set => OfSet(set, algorithm)).ToList();
        return findings.Count > 0 ? findings : [Finding.Ok(Name, $"the weights of {Wording.Count(weighted.Count, "set")} are as the weighted algorithms want them")];
    }

    private static bool IsWeighted(DispatcherDestination destination) => destination.Weight > 0 || destination.RelativeWeight > 0;

    private static IEnumerable<Finding> OfSet(IGrouping<int, DispatcherDestination> set, int? algorithm)
    {
        var count = set.Count();
        var hasSaid = count > Slots;
        if (hasSaid)
        {
            yield return Finding.Error(
                Name, $"set {set.Key} has weights and {count} destinations, more than the {Slots} slots that Kamailio shares: the last one gets nearly all calls", "#!define KAMRPC_ALG \"4\"");
        }

        // kamrpc writes both kinds: without the algorithm only a weight alone says that percentages are meant.
        var arePercentages = algorithm == Percentages || (algorithm is null && set.All(static destination => destination.RelativeWeight == 0));
        if (arePercentages && set.Sum(static destination => destination.Weight) is var sum and not Slots)
        {
            hasSaid = true;
            yield return Finding.Warning(
                Name, $"the weights of set {set.Key} are percentages to algorithm 9, and their sum is {sum}: {(sum < Slots ? "the last destination gets the rest" : "those beyond 100 get no calls")}", "#!define KAMRPC_ALG \"11\"");
        }

        if (!hasSaid && OfShares([.. set], arePercentages ? WeightedAlgorithm.Percentages : WeightedAlgorithm.Relative) is { } farOff)
        {
            yield return farOff;
        }
    }

    /// <summary>What Kamailio makes of the weights, where that is far from what they say.</summary>
    private static Finding? OfShares(IReadOnlyList<DispatcherDestination> set, WeightedAlgorithm algorithm)
    {
        var shares = WeightShares.TrueShares(algorithm, [.. set.Select(destination => (
            algorithm == WeightedAlgorithm.Percentages ? destination.Weight : destination.RelativeWeight,
            destination.State is DestinationState.Active or DestinationState.Trying))]);
        var worst = shares.Zip(set).Where(static pair => pair.First.IsFarOff).OrderByDescending(static pair => Math.Abs(pair.First.True - pair.First.Wanted)).FirstOrDefault();
        return worst == default ? null : Finding.Warning(
            Name,
            FormattableString.Invariant(
                $"set {set[0].Set} under algorithm {(int)algorithm}: {worst.Second.Uri} gets {worst.First.True} % of the calls, and its weight says {worst.First.Wanted:0.#} % ({Wording.Count(set.Count, "destination")} share 100 slots, parts of a slot are cut off)"),
            set.Select(static destination => (destination.Weight, destination.RelativeWeight)).Distinct().Count() == 1
                ? "#!define KAMRPC_ALG \"4\": all weights are equal"
                : "#!define KAMRPC_ALG \"4\", or fewer destinations in the set");
    }
}
