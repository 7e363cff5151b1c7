using KamRpcDispatcher.Dispatch.Following;
using KamRpcDispatcher.Local;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>The sockets by which a dispatcher answers on its own machine.</summary>
/// <param name="options">Whose, and where they may be.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logs">Where to log.</param>
internal sealed class LocalSockets(DispatcherOptions options, TimeProvider timeProvider, ILoggerFactory logs)
{
    private readonly string[] _places = [options.Rpc.ReplyDirectory, .. options.Rpc.SpareReplyDirectory is { } spare ? new[] { spare } : []];

    /// <summary>For <c>kamrpc health</c>.</summary>
    public StatusSocket OfStatus(AskedStatus asked) =>
        new(_places, StatusPlace.NameOf(options.Cluster, options.Proxy), asked.Answer, timeProvider, logs.CreateLogger<StatusSocket>());

    /// <summary>For all who would ask etcd of members that are not there; null where it has all of them.</summary>
    public StatusSocket? OfWhole(AskedStatus asked, FollowedMembership followed) => options.HasEtcdAlone ? null : new(
        _places,
        StatusPlace.WholeNameOf(options.Cluster, options.Proxy),
        new AskedCluster(options.Cluster, options.Proxy, () => followed.Source.Current, () => asked.Read().Report, () => followed.Origins, options.UsesEtcd).Answer,
        timeProvider,
        logs.CreateLogger<StatusSocket>(),
        isWhole: true);
}
