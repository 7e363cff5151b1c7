namespace KamRpcDispatcher.Processes;

/// <summary>What a reading of a process shows.</summary>
public enum ProcessActivity
{
    /// <summary>It may be reading the table.</summary>
    Busy,

    /// <summary>It waits where it holds nothing.</summary>
    AtRest,

    /// <summary>It has ended.</summary>
    Gone,

    /// <summary>It cannot be seen.</summary>
    Hidden,
}
