using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;

namespace KamRpcDispatcher.Operate.Declared;

/// <summary>What a file declares: drains, weights and splits of some sets.</summary>
/// <param name="Owner">Whose they are; null where the file does not say.</param>
/// <param name="Members">What is wished of members, by key.</param>
/// <param name="Splits">The splits of sets, by set.</param>
public sealed record SiteFile(string? Owner, IReadOnlyList<DeclaredMember> Members, IReadOnlyList<DeclaredSplit> Splits);

/// <summary>What a file wishes of a member: that it is drained, a weight, or both.</summary>
/// <param name="Key">The member.</param>
/// <param name="IsDrained">Whether it is to get no new calls.</param>
/// <param name="Weight">In place of the weight that is announced; null for that one.</param>
/// <param name="Line">Where the file says so first, from 1.</param>
public sealed record DeclaredMember(MemberKey Key, bool IsDrained, int? Weight, int Line);

/// <summary>A split of a set in a file.</summary>
/// <param name="Split">The split.</param>
/// <param name="Line">Where it begins, from 1.</param>
public sealed record DeclaredSplit(Split Split, int Line);
