namespace KamRpcDispatcher.Plan.Order;

/// <summary>What Kamailio's priorities are made of.</summary>
public enum DestinationOrder
{
    /// <summary>The member's own priority, and below it a hash of its name: the order among equals stays the same whoever joins or leaves.</summary>
    Priority,

    /// <summary>
    /// The member's own priority only, for algorithms that compare priorities (13, 14, 15). The order among equals turns round at every
    /// structural change, and adds cost Kamailio more.
    /// </summary>
    Plain,
}
