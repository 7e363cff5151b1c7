using KamailioRpc;
using KamRpcDispatcher.Etcd.Connection;
using KamRpcDispatcher.Local;

namespace KamRpcDispatcher.Doctor;

/// <summary>What is examined.</summary>
/// <param name="FindKamailio">Finds the Kamailio; null when none answers; and what was tried before, with the reasons.</param>
/// <param name="Rpc">How to call it.</param>
/// <param name="ConfigFile">Its configuration; null for the one that it names.</param>
/// <param name="Etcd">How etcd is reached.</param>
/// <param name="Cluster">The cluster whose members are read.</param>
public sealed record CheckupOptions(
    Func<CancellationToken, Task<(KamailioAddress? Address, IReadOnlyList<string> Failures)>> FindKamailio,
    RpcClientOptions Rpc,
    string? ConfigFile,
    EtcdOptions Etcd,
    string Cluster)
{
    /// <summary>The sets that this Kamailio serves; null for all.</summary>
    public IReadOnlySet<int>? Sets { get; init; }

    /// <summary>What dispatchers of this machine answer whose members do not all come from etcd.</summary>
    public IReadOnlyList<WholeAnswer> Local { get; init; } = [];

    /// <summary>The dispatchers of this machine that use no etcd, so that none is examined; null where one is.</summary>
    public string? WithoutEtcd { get; init; }

    /// <summary>The checks whose findings count for nothing.</summary>
    public IReadOnlySet<string> Ignored { get; init; } = new HashSet<string>();
}
