using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>Where a proxy says what it has applied.</summary>
public interface IProxyReport
{
    /// <summary>Takes the newest status; an earlier one that is not written yet is not written any more.</summary>
    void Report(ProxyStatus status);
}
