using System.Collections.Immutable;
using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Dispatch.Cycles;

/// <summary>What there is to report of shares: values only.</summary>
internal sealed record ShareSituation
{
    /// <summary>Of a dispatcher that keeps no shares.</summary>
    public static ShareSituation None { get; } = new();

    /// <summary>Whether Kamailio has a table for maps; null where nobody has looked, since there is no set to look for.</summary>
    public bool? HasTable { get; init; }

    /// <summary>The zone that is preferred; null for none.</summary>
    public string? Zone { get; init; }

    /// <summary>Of each set whose members get its calls, where a zone is preferred.</summary>
    public IReadOnlyDictionary<int, ZoneUse> Zones { get; init; } = ImmutableDictionary<int, ZoneUse>.Empty;

    /// <summary>Those that are ready, and get only what fails over.</summary>
    public IReadOnlyList<KeyValuePair<MemberKey, FailOverOnly>> Unshared { get; init; } = [];

    /// <summary>Those that start slowly, with the tenths of their share that they get.</summary>
    public IReadOnlyDictionary<MemberKey, int> Starting { get; init; } = ImmutableDictionary<MemberKey, int>.Empty;
}
