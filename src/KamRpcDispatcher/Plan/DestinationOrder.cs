namespace KamRpcDispatcher.Plan;

/// <summary>How destinations that were announced with one priority are ordered in Kamailio.</summary>
public enum DestinationOrder
{
    /// <summary>Each has a number of its own in Kamailio, so that the order stays whatever is added, and an add is cheap.</summary>
    Priority,

    /// <summary>
    /// All have the same number. For algorithms 13, 14 and 15, which distinct ones break; the order reverses at every add and remove, and each costs
    /// more.
    /// </summary>
    Plain,
}
