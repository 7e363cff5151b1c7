namespace KamRpcDispatcher.Etcd;

/// <summary>What one set of Kamailio's list holds.</summary>
/// <param name="Destinations">Its entries, an operator's too.</param>
/// <param name="Routable">Those that may get calls.</param>
public readonly record struct SetStatus(int Destinations, int Routable)
{
    /// <summary>The ready members of the set; null in a report of a version that did not say it.</summary>
    public int? Wanted { get; init; }

    /// <summary>Those of them that may get calls; null in a report of a version that did not say it.</summary>
    public int? Serving { get; init; }

    /// <summary>The calls that its routable destinations take, where each of them has as many as it takes (algorithm 10); null where one has room.</summary>
    public long? Full { get; init; }
}
