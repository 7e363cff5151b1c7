using System.Collections.Immutable;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>What a proxy says of the shares of calls in its Kamailio.</summary>
/// <param name="Way">How weights travel there, as <c>dispatch --share</c> names it.</param>
public sealed record ShareReport(string Way)
{
    /// <summary>The way without share maps for weights.</summary>
    public const string Attributes = "attributes";

    /// <summary>The way in which weights are percentages.</summary>
    public const string Percent = "percent";

    /// <summary>Whether Kamailio counts the calls of sets that are shared; null until that was looked at, since no set is.</summary>
    public bool? IsCounted { get; init; }

    /// <summary>The classes of the sets that are shared now.</summary>
    public ImmutableArray<SharedClass> Classes { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreClasses { get; init; }

    /// <summary>The calls of their members, the most first.</summary>
    public ImmutableArray<CountedMember> Members { get; init; } = [];

    /// <summary>How many there are beside those.</summary>
    public int MoreMembers { get; init; }
}

/// <summary>What one class of a set is to get of the set's calls, and what its members had.</summary>
/// <param name="Set">The home set.</param>
/// <param name="Class">The class by its name in etcd; empty for destinations that are in none.</param>
/// <param name="Wanted">In thousandths of the set's calls.</param>
public sealed record SharedClass(int Set, string Class, int Wanted)
{
    /// <summary>The calls that its members had first, by whichever way, from <see cref="Since"/> to <see cref="Until"/>; null where they are not counted, or not yet.</summary>
    public long? Calls { get; init; }

    /// <summary>When the counting began: some minutes before <see cref="Until"/>, or when shares, members or Kamailio were others before.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When the counts were read.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>The calls that a member had first, in the time of its class.</summary>
public sealed record CountedMember(int Set, string Name, string Class, long Calls);

/// <summary>How long Kamailio's list is, and how long the way by which it is read lets it become.</summary>
/// <param name="Destinations">Its entries.</param>
/// <param name="Bytes">What a reply takes that has them all.</param>
/// <param name="Most">The most that is added up to; null for any number.</param>
public sealed record ListRoom(int Destinations, long Bytes, long? Most);
