namespace KamRpcDispatcher.Destinations;

/// <summary>The state of a destination in Kamailio's list: the first letter of its FLAGS.</summary>
public enum ListedState
{
    /// <summary>A: gets calls.</summary>
    Active,

    /// <summary>I: found dead by probing, or set so; a good reply to a probe makes it active.</summary>
    Inactive,

    /// <summary>D: switched off by an administrator; probing leaves it alone.</summary>
    Disabled,

    /// <summary>T: a probe failed, fewer times than the threshold.</summary>
    Trying,
}
