using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Operators;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Shares;

namespace KamRpcDispatcher.Tests.Plan.Shares;

/// <summary>A set whose calls are shared, and one Kamailio that has it: what members there are, what an operator wishes, which numbers there are, and who is routable.</summary>
internal sealed record SharedSet(params ImmutableArray<Member> Members)
{
    public const int Set = 1;

    public Split? Split { get; init; }

    /// <summary>By the names of classes; null for a number for each that is needed.</summary>
    public ImmutableDictionary<string, int>? Numbers { get; init; }

    /// <summary>Names of members that this Kamailio has found dead in every set.</summary>
    public ImmutableHashSet<string> Dead { get; init; } = [];

    /// <summary>Names of members that Kamailio does not have in their class yet.</summary>
    public ImmutableHashSet<string> NotInClass { get; init; } = [];

    /// <summary>Whether Kamailio has none of the classes yet.</summary>
    public bool IsHomeOnly { get; init; }

    public ShareMap? Previous { get; init; }

    public bool Spills { get; init; }

    public bool ArePercentages { get; init; }

    /// <summary>Names of members that Kamailio does not have in the home set.</summary>
    public ImmutableHashSet<string> NotAtHome { get; init; } = [];

    /// <summary>By the names of members.</summary>
    public ImmutableDictionary<string, MemberStart> Starts { get; init; } = ImmutableDictionary<string, MemberStart>.Empty;

    public ZonePreference? Zone { get; init; }

    private ShareRules Rules => new() { Spills = Spills, ArePercentages = ArePercentages, Starts = Starts.ToDictionary(static start => new MemberKey(Set, start.Key), static start => start.Value), Zone = Zone };

    public static Member One(string name, string? version = null, int? weight = null, MemberState state = MemberState.Ready)
    {
        var member = Tests.Members.Of(name, Set) with { Weight = weight, State = state };
        return version is null ? member : member with { Labels = member.Labels.Add("version", version) };
    }

    /// <summary>So many members, named by a letter and a number.</summary>
    public static IEnumerable<Member> Many(int count, string prefix, string? version = null, int? weight = null) => Enumerable.Range(1, count).Select(number => One($"{prefix}{number:000}", version, weight));

    /// <summary>Of <c>version</c>, in thousandths.</summary>
    public static Split Between(params (string Value, int Share)[] shares) => new(Set, "version", shares.ToImmutableSortedDictionary(static share => share.Value, static share => share.Share, StringComparer.Ordinal));

    public SetShares Shares()
    {
        IReadOnlyDictionary<string, int> numbers = Numbers ?? (IReadOnlyDictionary<string, int>)SetShares.Of(Set, Members, Split, ImmutableDictionary<string, int>.Empty, ImmutableHashSet<EndpointKey>.Empty, null, Rules).Classes
            .Select(static (one, index) => (one.Text, Number: index + 1)).ToDictionary(static one => one.Text, static one => one.Number);
        var copies = SetShares.Of(Set, Members, Split, numbers, ImmutableHashSet<EndpointKey>.Empty, null, Rules).ClassMembers;
        var routable = Members.Where(member => !NotAtHome.Contains(member.Key.Name)).Concat(IsHomeOnly ? [] : copies.Where(member => !NotInClass.Contains(member.Key.Name))).Where(member => member.State == MemberState.Ready && !Dead.Contains(member.Key.Name))
            .Select(static member => new EndpointKey(member.Key.Set, member.Uri.Endpoint)).ToHashSet();
        return SetShares.Of(Set, Members, Split, numbers, routable, Previous, Rules);
    }
}
