using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Plan.Order;

namespace KamRpcDispatcher.Plan;

/// <summary>What the planner goes by, beside the membership and the list: values only, so that a plan depends on nothing else.</summary>
/// <param name="Cluster">The cluster's name: the mark of own entries.</param>
public sealed record PlanPolicy(string Cluster)
{
    /// <summary>The sets to manage; null is every set. Entries of other sets are not examined.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    /// <summary>Whether <c>dispatcher.add</c> takes a priority (Kamailio 5.6 and later).</summary>
    public bool HasPriorities { get; init; } = true;

    /// <summary>What Kamailio's priorities are made of.</summary>
    public DestinationOrder Order { get; init; } = DestinationOrder.Priority;

    /// <summary>The additions that Kamailio refused and that are not to be tried now.</summary>
    public IReadOnlySet<RefusedDestination> Refused { get; init; } = ImmutableHashSet<RefusedDestination>.Empty;

    /// <summary>The destinations that nobody wants any more and that are to be removed now; until then they stay disabled. Null is all of them.</summary>
    public IReadOnlySet<ListedKey>? DueForRemoval { get; init; }

    /// <summary>Whether a newcomer takes the place of a destination that nobody wants any more, so that a hash over the places moves nobody else.</summary>
    public bool ReusesPlaces { get; init; }

    /// <summary>Whether a destination gets calls only after Kamailio's own first good reply to a probe, as long as somebody else takes them.</summary>
    public bool IsAdmissionProbed { get; init; }

    /// <summary>Those that Kamailio had found dead when they were disabled or left: they return as they were judged.</summary>
    public IReadOnlySet<EndpointKey> FoundDead { get; init; } = ImmutableHashSet<EndpointKey>.Empty;

    /// <summary>Those that are inactive because this tool wanted a proof first, and not by a verdict of Kamailio's.</summary>
    public IReadOnlySet<EndpointKey> AwaitingProof { get; init; } = ImmutableHashSet<EndpointKey>.Empty;

    /// <summary>Whether a <see cref="Sentinel"/> stands beside the members.</summary>
    public bool HasSentinel { get; init; }

    /// <summary>The attributes that members may bring, whatever the case of their letters; null for all.</summary>
    public IReadOnlySet<string>? AllowedAttributes { get; init; }

    /// <summary>Members that change too often: of several with one address another one is followed.</summary>
    public IReadOnlySet<MemberKey> Flapping { get; init; } = ImmutableHashSet<MemberKey>.Empty;

    /// <summary>Whether weights travel in share maps: then a destination whose attributes say another weight is as announced all the same, and is not replaced for that.</summary>
    public bool HasShareMaps { get; init; }

    /// <summary>The sets of classes are those of the sets that are managed: nobody else has any.</summary>
    public bool Manages(int set) => Sets is null || Sets.Contains(set) || ClassSets.Has(set);

    /// <summary>Whether another member with the same address is to be followed: this one is refused, or brings or does what it may not.</summary>
    internal bool Refuses(Member member) =>
        Forbidden(member) is not null || Flapping.Contains(member.Key) ||
        (Refused.Count > 0 && Refused.Contains(new RefusedDestination(member.Key.Set, member.Uri.Text, AttributeText.Format(member, Cluster))));

    /// <summary>The attributes that the member may not bring; null where there are none.</summary>
    internal string? Forbidden(Member member) =>
        AllowedAttributes is { } allowed && member.Attributes.Keys.Where(name => !allowed.Contains(name)).ToList() is { Count: > 0 } names ? string.Join(", ", names) : null;
}

/// <summary>An entry of Kamailio's list: its set and its text.</summary>
public readonly record struct ListedKey(int Set, string Uri);

/// <summary>A place where calls go: the set, and <see cref="Destinations.Addresses.SipUri.Endpoint"/>, which is one for all spellings of a URI.</summary>
public readonly record struct EndpointKey(int Set, string Endpoint);

/// <summary>A destination that Kamailio refused: with another text or other attributes it is another one.</summary>
public readonly record struct RefusedDestination(int Set, string Uri, string Attributes)
{
    /// <summary>The second spelling of a URI is refused with the first.</summary>
    public static RefusedDestination Of(AddDestination add)
    {
        ArgumentNullException.ThrowIfNull(add);
        return new RefusedDestination(add.Set, Spelling.First(add.Uri), add.Attributes);
    }
}
