using System.Collections.Immutable;
using KamRpcDispatcher.Destinations.Addresses;

namespace KamRpcDispatcher.Destinations;

/// <summary>An announced SIP server: one instance in one set. Every field has passed <see cref="MemberValidation"/>.</summary>
public sealed record Member(MemberKey Key, SipUri Uri)
{
    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Relative share of calls, 1 to 100, for the weighted algorithms (9 and 11); null is unweighted.</summary>
    public int? Weight { get; init; }

    /// <summary>How long it takes to grow from a tenth of its share to the whole when it joins others or returns to them, 1 s to an hour; null for not at all.</summary>
    public TimeSpan? SlowStart { get; init; }

    /// <summary>Higher comes first in the set, 0 to <see cref="MemberValidation.MaxPriority"/>.</summary>
    public int Priority { get; init; }

    /// <summary>What Kamailio gets in <c>attrs</c> beside this tool's own entries.</summary>
    public ImmutableSortedDictionary<string, string> Attributes { get; init; } = None;

    /// <summary>Whether its announcer counts its calls while an operator drains it: one that does not say so may be an earlier one that does.</summary>
    public bool CountsCalls { get; init; }

    /// <summary>What operators select members by; Kamailio never sees them.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = None;

    public MemberState State { get; init; }

    /// <summary>Why the member is in its state, in its own words.</summary>
    public string? Reason { get; init; }

    /// <summary>When the member entered its state.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The store's revision that created the member: of two members with one URI, the one announced later is the truth.</summary>
    public long CreatedRevision { get; init; }
}
