using KamailioRpc;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Dispatch.Policy;
using KamRpcDispatcher.Dispatch.Shares;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Plan.Order;
using KamRpcDispatcher.Push;
using KamRpcDispatcher.Sources.Origins;

namespace KamRpcDispatcher.Dispatch;

/// <summary>What a dispatcher daemon needs to know.</summary>
/// <param name="Etcd">How etcd is reached, where it is used.</param>
/// <param name="Cluster">Whose membership.</param>
/// <param name="Kamailio">Kamailio's RPC socket.</param>
/// <param name="Proxy">The name under which it reports.</param>
public sealed record DispatcherOptions(EtcdOptions Etcd, string Cluster, KamailioAddress Kamailio, string Proxy)
{
    /// <summary>The default of <see cref="MemoryFloor"/>.</summary>
    public const int MemoryFloorPercent = 10;

    /// <summary>Waits for processes that are never seen at rest, and the gap that takes over then.</summary>
    private static readonly TimeSpan LongestGrace = TimeSpan.FromSeconds(50);

    /// <summary>Where members come from. Where etcd is not among them it is not used: no connection is made.</summary>
    public IReadOnlyList<MemberOrigin> Origins { get; init; } = [new EtcdOrigin()];

    /// <summary>The file that says how Kubernetes' API server is reached; null for what <c>KUBECONFIG</c> names, or a pod has.</summary>
    public string? KubeConfig { get; init; }

    /// <summary>Another way to the same Kamailio, for lists that are too long for the first one.</summary>
    public ReadWayOption KamailioRead { get; init; } = ReadWayOption.Auto;

    /// <summary>How destinations of one priority are told apart in Kamailio.</summary>
    public DestinationOrder Order { get; init; } = DestinationOrder.Priority;

    /// <summary>How weights reach Kamailio.</summary>
    public ShareWay Share { get; init; } = ShareWay.Map;

    /// <summary>The zone whose members are preferred; null for none.</summary>
    public ZonePreference? Zone { get; init; }

    /// <summary>How much of Kamailio's shared memory has to be free for a structural change.</summary>
    public MemoryFloor MemoryFloor { get; init; } = MemoryFloor.OfPercent(MemoryFloorPercent);

    /// <summary>The sets to manage, null for every set.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    /// <summary>The attributes that members may bring, null for all.</summary>
    public IReadOnlySet<string>? AllowedAttributes { get; init; }

    /// <summary>How the end of the grace period after a structural change is found.</summary>
    public GraceMode Grace { get; init; } = GraceMode.Auto;

    /// <summary>
    /// The time between two structural changes where Kamailio's processes cannot be seen. Under load gaps of up to 20 ms have crashed
    /// Kamailio; 50 ms and more survived 100 s of changes without a pause, but a worker was seen at work for 485 ms.
    /// </summary>
    public TimeSpan Gap { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait for the end of a grace period; after it the change stays pending, loudly.</summary>
    public TimeSpan GraceCap { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a new member gets calls only after Kamailio's own first good reply to a probe.</summary>
    public bool IsAdmissionProbed { get; init; }

    /// <summary>Where the last good membership is kept, null for nowhere.</summary>
    public string? StateDirectory { get; init; }

    /// <summary>The list that Kamailio loads at its start, where it is kept; null where it is not.</summary>
    public BootListOption? BootList { get; init; }

    /// <summary>How long etcd may take at the start before the membership kept there stands in.</summary>
    public TimeSpan SnapshotPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How Kamailio is called.</summary>
    public RpcClientOptions Rpc { get; init; } = new();

    /// <summary>How long the report of this proxy outlives the daemon.</summary>
    public TimeSpan ReportTtl { get; init; } = TimeSpan.FromSeconds(10);

    public ReconcilerOptions Reconciler { get; init; } = new();

    /// <summary>Whether etcd is used: for members, and then for what operators wish and for what this proxy reports too.</summary>
    internal bool UsesEtcd => Origins.Any(static origin => origin is EtcdOrigin);

    /// <summary>Whether etcd brings the members of every set.</summary>
    internal bool HasEtcdAlone => Origins is [EtcdOrigin { Sets: null }];

    /// <summary>The longest time from one call of Kamailio to the next: a grace period, however it is waited for, and a call that is not answered.</summary>
    internal TimeSpan LongestStep => LongestGrace + Gap + GraceCap + LongestCall;

    /// <summary>A call that waits for its turn behind one that is not answered, with a connection to make.</summary>
    internal TimeSpan LongestCall => 3 * Rpc.Timeout;

    /// <summary>What the planner goes by in any case.</summary>
    internal PlanPolicy Policy => new(Cluster) { Sets = Sets, Order = Order, HasSentinel = true, IsAdmissionProbed = IsAdmissionProbed, AllowedAttributes = AllowedAttributes };

    /// <summary>The name of a proxy that is given none: the host's, and what tells its Kamailio from the one that a host has as a rule.</summary>
    public static string DefaultProxy(KamailioAddress kamailio, string host) => DefaultProxyName.For(kamailio, host);

    /// <summary>systemd's state directory; /var/lib/kamrpc as root; else one of the user's own that outlives Kamailio.</summary>
    public static string DefaultStateDirectory() =>
        Sources.StateDirectory.Default(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
}

/// <summary>What is left when Kamailio is in step.</summary>
/// <param name="Undone">Changes that the membership asks for and that are not made: Kamailio refuses them, an option forbids them, and so on.</param>
/// <param name="Held">Members whose keys are gone, and that are kept, since too many went at once.</param>
public sealed record OnceResult(int Undone, int Held)
{
    /// <summary>Whether operators' intents were read and followed: else whom they drain may get calls.</summary>
    public bool FollowsIntents { get; init; } = true;

    /// <summary>What a cycle leaves that has nothing to do, by the membership in etcd; null of one that has.</summary>
    internal static OnceResult? Of(CycleSituation cycle) =>
        cycle is { Plan.IsEmpty: true, OwesLater: false, Membership.IsFromSnapshot: false } && !cycle.Membership.Expired.Any(expired => expired.IsDoubted(cycle.Membership.Heard))
            ? new OnceResult(cycle.Plan.Drift, cycle.Held.Count(static member => !ClassSets.Has(member.Key.Set))) { FollowsIntents = cycle.Membership.Intents is { IsFollowed: true } }
            : null;
}
