using KamRpcDispatcher.Etcd.Reports;
using KamRpcDispatcher.Local;
using KamRpcDispatcher.Sources;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>What the dispatcher answers whoever asks it on its own machine. Asked by any thread.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="proxy">The proxy's name.</param>
/// <param name="latest">The status as of now, and how long ago the loop told it; null before it has told any.</param>
/// <param name="sign">Says in it whose it is, as the report in etcd does.</param>
/// <param name="owed">The changes of state that are owed.</param>
/// <param name="away">Since when the store cannot be followed; null where it can.</param>
internal sealed class AskedStatus(
    string cluster, string proxy, Func<(ProxyStatus Status, TimeSpan Age)?> latest, Func<ProxyStatus, ProxyStatus> sign, OwedStates owed, Func<StoreOutage?> away)
{
    public byte[] Answer() => Read().Write();

    public StatusAnswer Read()
    {
        var told = latest();
        var outage = away();
        return new StatusAnswer(cluster, proxy, told is { } now ? sign(now.Status) : null, told?.Age ?? TimeSpan.Zero)
        {
            Owed = owed.Current?.Count ?? 0,
            OwedFor = owed.Current?.For ?? TimeSpan.Zero,
            EtcdAwaySince = outage?.Since,
            EtcdReason = outage?.Reason,
        };
    }
}
