namespace KamRpcDispatcher.Destinations;

/// <summary>What a member says of itself.</summary>
public enum MemberState
{
    /// <summary>Takes calls.</summary>
    Ready,

    /// <summary>Finishes its calls, takes no new ones.</summary>
    Draining,

    /// <summary>Cannot take calls.</summary>
    Down,
}
