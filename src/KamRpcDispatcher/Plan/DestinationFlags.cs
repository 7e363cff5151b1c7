using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan;

/// <summary>The bits of <c>flags</c> with which Kamailio adds a destination (the module's <c>DS_*_DST</c>).</summary>
internal static class DestinationFlags
{
    public const int Inactive = 1;
    public const int Trying = 2;
    public const int Disabled = 4;
    public const int Probing = 8;

    /// <summary>The flags of a destination that Kamailio probes and that starts in a state.</summary>
    public static int Probed(ListedState state) => Probing | state switch
    {
        ListedState.Inactive => Inactive,
        ListedState.Trying => Trying,
        ListedState.Disabled => Disabled,
        _ => 0,
    };
}
