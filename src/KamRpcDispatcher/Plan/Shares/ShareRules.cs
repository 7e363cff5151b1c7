using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Shares;

/// <summary>What shares go by beside members, splits and weights.</summary>
public sealed record ShareRules
{
    /// <summary>Relative weights, nobody starts slowly, and no zone is preferred.</summary>
    public static ShareRules Default { get; } = new();

    /// <summary>Whether the share of a value that has nobody routable goes to the other values, in proportion; else it goes to the home set.</summary>
    public bool Spills { get; init; }

    /// <summary>Whether weights are percentages of the calls of the set, or of the value where it is split, and whoever has none shares the rest evenly.</summary>
    public bool ArePercentages { get; init; }

    /// <summary>Those that start slowly; of members that are not ready nothing is taken.</summary>
    public IReadOnlyDictionary<MemberKey, MemberStart> Starts { get; init; } = ImmutableDictionary<MemberKey, MemberStart>.Empty;

    /// <summary>The zone whose members are preferred; null for none.</summary>
    public ZonePreference? Zone { get; init; }

    /// <summary>The class in which a member stands that starts no more.</summary>
    /// <param name="member">The member.</param>
    /// <param name="value">Its value of the label that its set is split by; null where that is not split.</param>
    internal MemberClass LastingClassOf(Member member, string? value) =>
        (ArePercentages ? new MemberClass(value, member.Weight) : MemberClass.Of(value, member.Weight)) with { IsInZone = Zone?.Has(member) };

    internal MemberStart? StartOf(Member member) => member.State == MemberState.Ready && Starts.TryGetValue(member.Key, out var start) ? start : null;
}

/// <summary>Where members of one set are routable now.</summary>
/// <param name="set">The home set.</param>
/// <param name="numbers">The numbers of its classes.</param>
/// <param name="routable">Where Kamailio sends calls.</param>
internal sealed class RoutableMembers(int set, IReadOnlyDictionary<string, int> numbers, IReadOnlySet<EndpointKey> routable)
{
    public bool IsAtHome(Member member) => routable.Contains(new EndpointKey(set, member.Uri.Endpoint));

    /// <param name="number">The number of a class, or that of the home set.</param>
    /// <param name="member">The member.</param>
    public bool IsIn(int number, Member member) => number == ShareMap.HomeNumber ? IsAtHome(member) : routable.Contains(new EndpointKey(ShareMap.FirstSet + number, member.Uri.Endpoint));

    public bool IsIn(MemberClass one, Member member) => numbers.TryGetValue(one.Text, out var number) && number is > ShareMap.HomeNumber and <= ShareMap.MaxNumber && IsIn(number, member);
}
