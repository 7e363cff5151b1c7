using System.Collections.Immutable;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>What operators wish of the shares of sets, and the numbers of the classes that this takes.</summary>
/// <param name="Revision">The store's revision up to which the splits are taken in; 0 where none has been read.</param>
/// <param name="Splits">By set.</param>
/// <param name="Numbers">By set: of each class, by its name, the number that all proxies know it by.</param>
/// <param name="Rejected">The records that cannot be used.</param>
public sealed record OperatorShares(
    long Revision, ImmutableSortedDictionary<int, Split> Splits, ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> Numbers, IReadOnlyList<RejectedRecord> Rejected)
{
    /// <summary>None that is known.</summary>
    internal static OperatorShares Unknown { get; } = new(0, ImmutableSortedDictionary<int, Split>.Empty, ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>>.Empty, []);

    /// <summary>Whether they are followed in the store. If not these are the ones that were known last.</summary>
    public bool IsFollowed { get; init; }

    /// <summary>Whether the store refuses to let them be read.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Two sets whose records claim one number would have their members in one set: the first one has it.</summary>
    internal ImmutableSortedDictionary<int, ImmutableSortedDictionary<string, int>> DistinctNumbers()
    {
        var taken = new HashSet<int>();
        return Numbers.ToImmutableSortedDictionary(static set => set.Key, set => set.Value.Where(one => taken.Add(one.Value)).ToImmutableSortedDictionary(StringComparer.Ordinal));
    }
}
