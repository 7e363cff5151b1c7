namespace KamRpcDispatcher.Destinations;

/// <summary>
/// A set of which every routable destination has as many calls as its <c>maxload</c>: algorithm 10 (call load) then has none for another call,
/// though Kamailio's list shows them as active.
/// </summary>
/// <param name="Calls">The calls that they have.</param>
/// <param name="MaxLoad">The calls that they take.</param>
/// <remarks>
/// Kamailio counts the calls that algorithm 10 gave, and no others (<c>ds_load_add</c> in dispatch.c, the same in 5.6, 6.0 and 6.1): where
/// a set is used with another algorithm, or with <c>ds_hash_size</c> 0, the count stays 0 and nobody is full, whatever <c>maxload</c> says.
/// </remarks>
public readonly record struct FullSet(long Calls, long MaxLoad)
{
    /// <param name="set">Of each destination of the set: whether Kamailio may send calls there, the calls that it has, and its <c>maxload</c>, 0 for none.</param>
    /// <returns>Null where one of them has room, or none is routable.</returns>
    public static FullSet? Of(IEnumerable<(bool IsRoutable, int Calls, int MaxLoad)> set)
    {
        var (calls, most) = (0L, 0L);
        foreach (var destination in set.Where(static destination => destination.IsRoutable))
        {
            if (!IsFull(destination.Calls, destination.MaxLoad))
            {
                return null;
            }

            (calls, most) = (calls + destination.Calls, most + destination.MaxLoad);
        }

        return most > 0 ? new FullSet(calls, most) : null;
    }

    /// <summary>Whether a destination gets no more calls from algorithm 10.</summary>
    /// <param name="calls">The calls that it has.</param>
    /// <param name="maxLoad">The calls that it takes, 0 for any number.</param>
    public static bool IsFull(int calls, int maxLoad) => maxLoad > 0 && calls >= maxLoad;

    /// <summary><c>every routable destination is full (30 of 30 calls)</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"every routable destination is full ({Calls} of {MaxLoad} calls)");
}
