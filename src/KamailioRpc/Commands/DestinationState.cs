namespace KamailioRpc.Commands;

/// <summary>The first letter of a destination's FLAGS.</summary>
public enum DestinationState
{
    /// <summary>A: it gets calls.</summary>
    Active,

    /// <summary>I: Kamailio's probing found it dead.</summary>
    Inactive,

    /// <summary>D: somebody took it out.</summary>
    Disabled,

    /// <summary>T: pings failed, fewer than make it inactive; it still gets calls.</summary>
    Trying,
}
