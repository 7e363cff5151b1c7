using KamailioRpc;

namespace KamRpcDispatcher.Dispatch;

/// <summary>The way over which lists are read that are too long for the way of changes: an address, none, or one that is found.</summary>
public sealed record ReadWayOption
{
    private ReadWayOption(bool isAuto, KamailioAddress? address) => (IsAuto, Address) = (isAuto, address);

    /// <summary>The FIFO or ctl's socket of the same Kamailio, where they are open.</summary>
    public static ReadWayOption Auto { get; } = new(true, null);

    /// <summary>None: lists are read over the way of changes only.</summary>
    public static ReadWayOption None { get; } = new(false, null);

    /// <summary>Whether one is to be found.</summary>
    public bool IsAuto { get; }

    /// <summary>The one to use, null for none or while none is found.</summary>
    public KamailioAddress? Address { get; }

    public static ReadWayOption Of(KamailioAddress address) => new(false, address);

    public override string ToString() => IsAuto ? "auto" : Address?.ToString() ?? "none";
}
