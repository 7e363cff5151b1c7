using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Tests.Dispatch;

/// <summary>Keeps what was reported.</summary>
internal sealed class FakeReport : IProxyReport
{
    private volatile ProxyStatus? _last;

    public ProxyStatus? Last => _last;

    public void Report(ProxyStatus status) => _last = status;
}
