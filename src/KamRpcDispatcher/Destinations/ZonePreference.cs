namespace KamRpcDispatcher.Destinations;

/// <summary>Which members a proxy prefers: those with the label <c>zone</c> of one value.</summary>
/// <param name="Zone">The value.</param>
/// <param name="MinRoutable">The percentage of the zone's members, 0 to 100, of which fewer have to be routable before the others get calls too; they do in any case where none is.</param>
public sealed record ZonePreference(string Zone, int MinRoutable)
{
    /// <summary>The label's name.</summary>
    public const string Label = "zone";

    /// <summary>The default of <see cref="MinRoutable"/>.</summary>
    public const int DefaultMinRoutable = 50;

    /// <summary>Whether a member is one of the zone.</summary>
    public bool Has(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return member.Labels.TryGetValue(Label, out var zone) && zone == Zone;
    }

    /// <summary>Whether the zone serves alone.</summary>
    /// <param name="members">How many members it has, in whatever state.</param>
    /// <param name="routable">How many of them get calls.</param>
    public bool IsEnough(int members, int routable) => routable > 0 && routable * 100L >= (long)MinRoutable * members;
}

/// <summary>Whose members get the calls of a set at a proxy that prefers a zone.</summary>
public enum ZoneUse
{
    /// <summary>Those of the zone.</summary>
    Own,

    /// <summary>All, since too few of the zone are routable; where the set is split, for one of its values at least.</summary>
    All,

    /// <summary>All, since the set has no member of the zone.</summary>
    Absent,

    /// <summary>Those of the zone, but for values of the set's split that none of them has: those go to whoever has them.</summary>
    Partly,
}

/// <summary>The names of <see cref="ZoneUse"/>, as they stand in reports.</summary>
public static class ZoneUseName
{
    public static string Of(ZoneUse use) => use switch
    {
        ZoneUse.Own => "own",
        ZoneUse.All => "all",
        ZoneUse.Partly => "partly",
        _ => "absent",
    };

    /// <summary>Null for a name that is not known.</summary>
    public static ZoneUse? Find(string? name) => name switch
    {
        "own" => ZoneUse.Own,
        "all" => ZoneUse.All,
        "absent" => ZoneUse.Absent,
        "partly" => ZoneUse.Partly,
        _ => null,
    };
}
