using System.Globalization;

namespace KamRpcDispatcher.Destinations;

/// <summary>The algorithms that share calls by weights, by Kamailio's numbers.</summary>
public enum WeightedAlgorithm
{
    /// <summary>By <c>weight</c>: percentages, meant to sum to 100.</summary>
    Percentages = 9,

    /// <summary>By <c>rweight</c>: relative to the sum of the routable ones.</summary>
    Relative = 11,
}

/// <summary>A destination's share of the calls.</summary>
/// <param name="Wanted">What its weight says, in per cent: its part of the sum of the weights of all that are routable.</param>
/// <param name="True">What it gets, in per cent: Kamailio deals out 100 slots.</param>
public sealed record WeightShare(double Wanted, int True)
{
    /// <summary>How far what it gets is from what its weight says, in per cent of all calls.</summary>
    public double Off => Math.Abs(True - Wanted);

    /// <summary>Whether it gets less than half, or more than half as much again, of what its weight says.</summary>
    public bool IsFarOff => Off > Wanted / 2;
}

/// <summary>
/// The shares of calls under the weighted algorithms as Kamailio really deals them out: in 100 slots. Relative
/// weights: each destination's part truncated, what is left to one of them; sixty equal ones have one slot each, and one of them 40 more. Percentages: slots in the order of the
/// list, of which there are no more than 100; what is missing is the last one's.
/// </summary>
/// <remarks>
/// As <c>dp_init_weights</c> and <c>dp_init_relative_weights</c> of the dispatcher module do, alike in all releases from 5.4 to 6.2. Without
/// <c>use_default</c>.
/// </remarks>
public static class WeightShares
{
    private const int Slots = 100;

    /// <param name="algorithm">The algorithm.</param>
    /// <param name="set">One set, in the order of <c>dispatcher.list</c>: it is that of Kamailio's table, which decides who gets the rest.</param>
    public static IReadOnlyList<WeightShare> TrueShares(WeightedAlgorithm algorithm, IReadOnlyList<ListedDestination> set)
    {
        ArgumentNullException.ThrowIfNull(set);
        var name = algorithm == WeightedAlgorithm.Percentages ? "weight" : "rweight";
        return TrueShares(algorithm, [.. set.Select(destination => (Read(destination.Attributes, name), destination.IsRoutable))]);
    }

    /// <param name="algorithm">The algorithm.</param>
    /// <param name="set">The weights of one set, 0 where there is none, in the order of <c>dispatcher.list</c>.</param>
    public static IReadOnlyList<WeightShare> TrueShares(WeightedAlgorithm algorithm, IReadOnlyList<(int Weight, bool IsRoutable)> set)
    {
        ArgumentNullException.ThrowIfNull(set);

        // What is out of range counts as none.
        var weights = set.Select(static destination => destination.Weight is >= 1 and <= 100 ? destination.Weight : 0).ToArray();
        var routable = set.Select(static destination => destination.IsRoutable).ToArray();
        var sum = weights.Where((_, index) => routable[index]).Sum();
        var shares = new int[set.Count];
        foreach (var slot in set.Count == 0 ? [] : algorithm == WeightedAlgorithm.Percentages ? Percentages(weights) : Relative(weights, routable, sum))
        {
            if (NextRoutable(slot, routable) is { } taker)
            {
                shares[taker]++;
            }
        }

        var count = routable.Count(static isRoutable => isRoutable);
        return [.. shares.Select((share, index) => new WeightShare(!routable[index] ? 0 : sum == 0 ? 100.0 / count : 100.0 * weights[index] / sum, share))];
    }

    /// <summary>Whose each slot is, routable or not. Without a weight at the first destination there are none at all, and that one has every slot.</summary>
    private static IEnumerable<int> Percentages(int[] weights) => weights[0] == 0
        ? Enumerable.Repeat(0, Slots)
        : weights.SelectMany(static (weight, index) => Enumerable.Repeat(index, weight)).Concat(Enumerable.Repeat(weights.Length - 1, Slots)).Take(Slots);

    /// <summary>The rest goes to the last one that has a slot; when nobody has one, to the last of the set.</summary>
    private static IEnumerable<int> Relative(int[] weights, bool[] routable, int sum)
    {
        if (weights.Length < 2 || sum == 0)
        {
            return Enumerable.Repeat(0, Slots);
        }

        var dealt = weights.SelectMany((weight, index) => Enumerable.Repeat(index, routable[index] ? weight * Slots / sum : 0)).ToList();
        return dealt.Concat(Enumerable.Repeat(dealt.Count > 0 ? dealt[^1] : weights.Length - 1, Slots)).Take(Slots);
    }

    /// <summary>Where a call goes whose slot belongs to one that is not routable; null when nobody is.</summary>
    private static int? NextRoutable(int first, bool[] routable)
    {
        for (var step = 0; step < routable.Length; step++)
        {
            var index = (first + step) % routable.Length;
            if (routable[index])
            {
                return index;
            }
        }

        return null;
    }

    private static int Read(string attributes, string name) =>
        int.TryParse(AttributeList.Find(attributes, name), NumberStyles.None, CultureInfo.InvariantCulture, out var weight) ? weight : 0;
}
