using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Etcd.Proxies;

/// <summary>A proxy that has a report in the store.</summary>
/// <param name="Name">Its name, as found: shorten it before printing.</param>
/// <param name="Status">What it reports, null when that cannot be read.</param>
/// <param name="Error">Why the report cannot be read, null when it can; safe to print.</param>
public sealed record ReportingProxy(string Name, ProxyStatus? Status, string? Error)
{
    /// <summary>The store's revision of the report: another one each time that it is written.</summary>
    public long ModRevision { get; init; }
}
