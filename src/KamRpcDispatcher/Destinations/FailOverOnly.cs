namespace KamRpcDispatcher.Destinations;

/// <summary>Why a ready member has no slot in the share map of its set: it gets only what fails over from others.</summary>
public enum FailOverOnly
{
    /// <summary>The percentages of others take all calls (<c>dispatch --share percent</c>).</summary>
    Percentages,

    /// <summary>It is of another zone than the one whose members have the calls.</summary>
    Zone,

    /// <summary>Its share is less than one slot.</summary>
    Small,
}

/// <summary>The names of <see cref="FailOverOnly"/>, as they stand in reports.</summary>
public static class FailOverOnlyName
{
    public static string Of(FailOverOnly why) => why switch
    {
        FailOverOnly.Percentages => "percentages",
        FailOverOnly.Zone => "zone",
        _ => "small",
    };

    /// <summary>Null for a name that is not known.</summary>
    public static FailOverOnly? Find(string? name) => name switch
    {
        "percentages" => FailOverOnly.Percentages,
        "zone" => FailOverOnly.Zone,
        "small" => FailOverOnly.Small,
        _ => null,
    };
}
