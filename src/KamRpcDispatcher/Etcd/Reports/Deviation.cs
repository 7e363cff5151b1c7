using System.Collections.Immutable;

namespace KamRpcDispatcher.Etcd.Reports;

/// <summary>A destination of a proxy's list that is not as the membership wishes it, or is on its way out.</summary>
/// <param name="Kind">In which way, one of <see cref="DeviationKind"/>; a newer version may know others.</param>
/// <param name="Set">The set.</param>
/// <param name="Name">The member's name; of one that has left, the name it had.</param>
/// <param name="Uri">Its address.</param>
/// <param name="Since">Since when it is so, as far as this daemon has seen it.</param>
public sealed record Deviation(string Kind, int Set, string Name, string Uri, DateTimeOffset Since)
{
    /// <summary>As many as a report holds, the worst first.</summary>
    public const int MostInReport = 40;

    /// <summary>Kamailio's flags, such as <c>IP</c>; null where the list does not have it.</summary>
    public string? Flags { get; init; }

    /// <summary>Why, in a few words; null where the kind says all.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether it is held for a moment only, since its lease ended while the store was away: nobody need confirm that it is gone.</summary>
    public bool IsDoubted => Kind == DeviationKind.Held && (Reason == DeviationKind.MayBeBack || Reason == DeviationKind.EndedWhileAway);

    /// <summary>When it is over by itself: the removal of one that has left, the next try of one that was refused; null where nobody knows.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>The kinds of <see cref="Deviation"/>, as they stand in reports.</summary>
public static class DeviationKind
{
    /// <summary>Ready, and not in Kamailio's list yet.</summary>
    public const string Missing = "missing";

    /// <summary>Ready, and Kamailio refuses it.</summary>
    public const string Refused = "refused";

    /// <summary>Ready, and found dead by Kamailio's own pings or failed calls: inactive.</summary>
    public const string Inactive = "inactive";

    /// <summary>Ready, and disabled in Kamailio's list.</summary>
    public const string Disabled = "disabled";

    /// <summary>Ready, and left out, since another name is followed at its address.</summary>
    public const string Superseded = "superseded";

    /// <summary>To get no calls, and getting them still.</summary>
    public const string Serving = "serving";

    /// <summary>Has left: disabled, and removed in a while.</summary>
    public const string Leaving = "leaving";

    /// <summary>Went with many others, or with the store away, and is kept as it was.</summary>
    public const string Held = "held";

    /// <summary>In the order of reports: calls that go wrong first, then calls that do not come, then what nobody need do anything about.</summary>
    public static ImmutableArray<string> WorstFirst { get; } = [Serving, Refused, Missing, Disabled, Inactive, Held, Superseded, Leaving];

    /// <summary>The reason of those held that are kept for a moment only.</summary>
    public static string MayBeBack => "went without a word, and may be back in a moment";

    /// <summary>The same as reports of earlier versions have it.</summary>
    internal static string EndedWhileAway => "its lease ended while etcd was away, or nobody watched";

    /// <summary>Whether this version knows the kind.</summary>
    internal static bool IsKnown(string kind) => WorstFirst.Contains(kind);
}
