using KamRpcDispatcher.Dispatch.Pace;
using KamRpcDispatcher.Dispatch.Policy;

namespace KamRpcDispatcher.Dispatch;

/// <summary>How often the reconciler polls by itself.</summary>
public sealed record ReconcilerOptions
{
    /// <summary>The longest time between two readings of Kamailio's list, unless it is long (see <see cref="ReadingPace"/>): how late an operator's change is noticed.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time between two checks whether a reload of somebody else's has wiped the list.</summary>
    public TimeSpan SentinelInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The time between two tries to reach a Kamailio that cannot be reached.</summary>
    public TimeSpan Retry { get; init; } = TimeSpan.FromMilliseconds(25);

    /// <summary>The time between two tries to reach a Kamailio whose writer does not come back: only a restart helps, and what is sent meanwhile waits in its queue.</summary>
    public TimeSpan StuckRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a destination stays disabled in the list after its member left, before it is removed; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</summary>
    public TimeSpan RemovalDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The default of <see cref="ChangeBurst"/>: 23 KB of Kamailio's memory.</summary>
    public const int DefaultChangeBurst = 60;

    /// <summary>How many structural changes the records of one member may cause at once; 0 for any number.</summary>
    public int ChangeBurst { get; init; } = DefaultChangeBurst;

    /// <summary>The time after which a member may cause one more: 1.1 MB of Kamailio's memory in a day.</summary>
    public TimeSpan ChangeRefill { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>When sets are protected against mass expiry.</summary>
    public PanicOptions Panic { get; init; } = new();

    /// <summary>The time between two tries while Kamailio takes no structural change.</summary>
    public TimeSpan BusyRetry { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Whether the daemon ends as soon as Kamailio is in step with the membership in etcd.</summary>
    public bool IsOnce { get; init; }
}
