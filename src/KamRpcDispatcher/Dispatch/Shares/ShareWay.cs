namespace KamRpcDispatcher.Dispatch.Shares;

/// <summary>How members' weights reach Kamailio. Splits are share maps either way.</summary>
public enum ShareWay
{
    /// <summary>By share maps, whatever the algorithm; as <see cref="Attributes"/> where Kamailio has no table for them.</summary>
    Map,

    /// <summary>As attributes of destinations, for the weighted algorithms.</summary>
    Attributes,

    /// <summary>As <see cref="Map"/>, but as percentages of calls: those without a weight share the rest of 100 evenly.</summary>
    Percent,
}
