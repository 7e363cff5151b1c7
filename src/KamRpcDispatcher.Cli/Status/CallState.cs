namespace KamRpcDispatcher.Cli.Status;

/// <summary>Whether a member gets calls.</summary>
internal enum CallState
{
    Unknown,
    None,

    /// <summary>Only those that fail over from others.</summary>
    FailOver,

    /// <summary>From some proxies, and from others not.</summary>
    Some,
    All,
}
