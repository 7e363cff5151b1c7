using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Etcd.Keys;
using KamRpcDispatcher.Etcd.Members;
using KamRpcDispatcher.Sources.Files;
using KamRpcDispatcher.Sources.Kubernetes;
using KamRpcDispatcher.Sources.Kubernetes.Access;
using KamRpcDispatcher.Sources.Kubernetes.Api;
using KamRpcDispatcher.Sources.Operators;
using KamRpcDispatcher.Sources.Origins;
using Microsoft.Extensions.Logging;

namespace KamRpcDispatcher.Dispatch.Following;

/// <summary>Makes what follows an origin of members.</summary>
/// <param name="store">etcd; null where none is used.</param>
/// <param name="keys">Where the cluster's records are in it.</param>
/// <param name="kubeconfig">The file that says how Kubernetes' API server is reached; null for what there is in a pod.</param>
/// <param name="timeProvider">The clock.</param>
/// <param name="logs">Where to log.</param>
/// <param name="wished">What operators wish as far as it is known now; null for nothing.</param>
internal sealed class OriginFollower(EtcdConnection? store, EtcdKeys keys, string? kubeconfig, TimeProvider timeProvider, ILoggerFactory logs, Func<OperatorIntents?> wished)
{
    public IMemberOrigin Follow(MemberOrigin origin) => origin switch
    {
        EtcdOrigin => new MembershipWatch(store!, keys, timeProvider, logs.CreateLogger<MembershipWatch>(), wished),
        FileOrigin file => new FileSource(file.Path, timeProvider, logs.CreateLogger<FileSource>(), wished),
        KubernetesOrigin kubernetes => new KubernetesSource(
            kubernetes.Services, () => KubernetesAccess.Read(kubeconfig), WatchTimes.Default, timeProvider, logs.CreateLogger<KubernetesSource>(), wished),
        _ => throw new NotSupportedException($"nothing follows {origin}"),
    };
}
