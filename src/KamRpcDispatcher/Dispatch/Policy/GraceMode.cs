namespace KamRpcDispatcher.Dispatch.Policy;

/// <summary>How the end of the grace period after a structural change is found.</summary>
public enum GraceMode
{
    /// <summary>By observing Kamailio's processes; where they cannot be seen, a fixed gap.</summary>
    Auto,

    /// <summary>A fixed gap.</summary>
    Fixed,

    /// <summary>None. Crashes every Kamailio up to 6.1 under load: for tests that prove it.</summary>
    None,
}
