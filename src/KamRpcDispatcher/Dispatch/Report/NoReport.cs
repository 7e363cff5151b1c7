using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Dispatch.Report;

/// <summary>Where a status goes that nobody keeps, as no etcd is used: who asks on this machine is told it all the same.</summary>
internal sealed class NoReport : IProxyReport
{
    public void Report(ProxyStatus status)
    {
    }
}
