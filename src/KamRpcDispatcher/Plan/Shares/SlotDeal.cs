namespace KamRpcDispatcher.Plan.Shares;

/// <summary>Deals the slots of a <see cref="ShareMap"/> out by weights.</summary>
internal static class SlotDeal
{
    /// <summary>Odd, so that each slot has one place, and near the golden section of 1,024: whoever has neighbouring places has slots all over the map, whatever regularity there is in the hash of calls.</summary>
    private const int Stride = 633;

    private const int Nobody = -1;

    /// <summary>Divides a whole into parts by weights, exactly: each gets the integer part of its quota, and what is left goes to the largest remainders, of equal ones to the first.</summary>
    /// <param name="whole">What is divided, 0 or more.</param>
    /// <param name="weights">0 or more each; together, times the whole, no more than a long holds.</param>
    /// <returns>The part of each; all 0 where all weights are.</returns>
    public static int[] Apportion(int whole, IReadOnlyList<long> weights)
    {
        var sum = weights.Sum();
        var parts = new int[weights.Count];
        if (sum == 0)
        {
            return parts;
        }

        for (var index = 0; index < parts.Length; index++)
        {
            parts[index] = (int)(weights[index] * whole / sum);
        }

        // A stable order. A weight of 0 has no remainder, and there are never more left than remainders.
        foreach (var index in Enumerable.Range(0, parts.Length).OrderByDescending(index => weights[index] * whole % sum).Take(whole - parts.Sum()))
        {
            parts[index]++;
        }

        return parts;
    }

    /// <summary>
    /// Gives each number so many slots, and takes from none more than that asks for: a class that had as many or fewer keeps them all, and one that had more keeps of its own. What the home set has may be anywhere, since
    /// a call that goes there is promised to nobody.
    /// </summary>
    /// <param name="counts">The slots of each number, together 1,024 at most; those that are missing name the home set.</param>
    /// <param name="previous">The map before; null where there was none.</param>
    /// <remarks>
    /// Two classes have the same map whatever was before, so that two proxies agree also on who has which slot. Of three and more they agree on how many each has, and on the slots if they had the same map before.
    /// </remarks>
    public static ShareMap Place(IEnumerable<(int Number, int Slots)> counts, ShareMap? previous)
    {
        var left = new SortedDictionary<int, int>();
        foreach (var (number, slots) in counts)
        {
            left[number] = left.GetValueOrDefault(number) + slots;
        }

        left[ShareMap.HomeNumber] = left.GetValueOrDefault(ShareMap.HomeNumber) + ShareMap.Slots - left.Values.Sum();
        int[] order = [.. Order([.. left.Keys.Where(static number => number != ShareMap.HomeNumber)])];
        int[] usual = [.. order.SelectMany(number => Enumerable.Repeat(number, left[number]))];
        var dealt = new int[ShareMap.Slots];
        Array.Fill(dealt, Nobody);

        // Each place in turn, four times: what stays and is where it would be without a map before, what stays, what is free and would be there, and the rest.
        Take(place => Before(place) == usual[place] ? usual[place] : Nobody);
        Take(place => Before(place) is var before and not ShareMap.HomeNumber ? before : Nobody);
        Take(place => usual[place]);
        Take(_ => Array.Find(order, number => left[number] > 0));

        var numbers = new int[ShareMap.Slots];
        for (var place = 0; place < ShareMap.Slots; place++)
        {
            numbers[SlotAt(place)] = dealt[place];
        }

        return ShareMap.Of(numbers);

        int Before(int place) => previous?[SlotAt(place)] ?? Nobody;

        void Take(Func<int, int> takerOf)
        {
            for (var place = 0; place < ShareMap.Slots; place++)
            {
                if (dealt[place] == Nobody && takerOf(place) is var taker && left.GetValueOrDefault(taker) > 0)
                {
                    dealt[place] = taker;
                    left[taker]--;
                }
            }
        }
    }

    /// <summary>Home between the classes: the first one grows from one end of the places, and the last one from the other.</summary>
    private static IEnumerable<int> Order(int[] classes) => [.. classes.SkipLast(1), ShareMap.HomeNumber, .. classes.TakeLast(1)];

    private static int SlotAt(int place) => place * Stride % ShareMap.Slots;
}
