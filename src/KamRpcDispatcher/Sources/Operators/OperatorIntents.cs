using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Sources.Operators;

/// <summary>What operators wish of the members of a cluster, at one revision of the store.</summary>
/// <param name="Revision">The revision that these intents take in; 0 where none has been read.</param>
/// <param name="ByMember">The intents in force, whether their members are announced or not.</param>
/// <param name="Rejected">The records that cannot be used.</param>
public sealed record OperatorIntents(long Revision, IReadOnlyDictionary<MemberKey, Intent> ByMember, IReadOnlyList<RejectedRecord> Rejected)
{
    /// <summary>None that is known.</summary>
    internal static OperatorIntents Unknown { get; } = new(0, ImmutableDictionary<MemberKey, Intent>.Empty, []);

    /// <summary>The wishes in force that concern proxies, by the proxy's name.</summary>
    public IReadOnlyDictionary<string, Intent> ByProxy { get; init; } = ImmutableDictionary<string, Intent>.Empty;

    /// <summary>Whether they are followed in the store. If not (it refuses to let them be read, or has not told them yet) these are the ones that were known last.</summary>
    public bool IsFollowed { get; init; }

    /// <summary>Whether the store refuses to let them be read.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Whom one of two drains, or both.</summary>
    internal static OperatorIntents DrainedByEither(OperatorIntents? one, OperatorIntents? other) => Unknown with
    {
        ByMember = (one?.ByMember.Values ?? []).Concat(other?.ByMember.Values ?? []).Where(static intent => intent.IsDrained).DistinctBy(static intent => intent.Key).ToDictionary(static intent => intent.Key),
    };

    /// <summary>The intent that takes calls away from a member, if there is one.</summary>
    internal bool TryGetDrain(MemberKey member, [NotNullWhen(true)] out Intent? drain) => ByMember.TryGetValue(member, out drain) && drain.IsDrained;
}
