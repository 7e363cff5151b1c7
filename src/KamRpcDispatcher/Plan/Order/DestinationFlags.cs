using KamRpcDispatcher.Destinations;

namespace KamRpcDispatcher.Plan.Order;

/// <summary>The bits of <c>flags</c> with which Kamailio adds a destination (the module's <c>DS_*_DST</c>).</summary>
internal static class DestinationFlags
{
    public const int Inactive = 1;
    public const int Trying = 2;
    public const int Disabled = 4;
    public const int Probing = 8;

    /// <summary>The name is not resolved when the destination is added. It cannot be seen in the list, and every change of state clears it.</summary>
    public const int NoDns = 16;

    /// <summary>The flags of a destination that Kamailio probes and that starts in a state.</summary>
    public static int Probed(ListedState state) => Probing | state switch
    {
        ListedState.Inactive => Inactive,
        ListedState.Trying => Trying,
        ListedState.Disabled => Disabled,
        _ => 0,
    };

    /// <summary>The state in which a destination starts by its flags.</summary>
    public static ListedState StateOf(int flags) =>
        (flags & Disabled) != 0 ? ListedState.Disabled
        : (flags & Inactive) != 0 ? ListedState.Inactive
        : (flags & Trying) != 0 ? ListedState.Trying
        : ListedState.Active;
}
