using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Etcd.Reports.Dialogs;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd;

/// <summary>How many calls are up on a drained member by the reports of all proxies.</summary>
internal static class DialogCalls
{
    /// <summary>By what was read once; null where no proxy that may serve the member's set counts dialogs.</summary>
    public static StoredCallCount? Of(MemberKey member, IEnumerable<ReportingProxy> proxies, DateTimeOffset now)
    {
        List<ReportingProxy> serving = [.. proxies.Where(proxy => proxy.Status is not { Serves.IsEmpty: false } status || status.Serves.Contains(member.Set))];
        if (!serving.Exists(static proxy => proxy.Status?.Dialogs is not null))
        {
            return null;
        }

        var unknown = serving.Select(proxy => DialogSum.WhyUnknown(proxy.Name, proxy.Status?.Dialogs, member, now)).FirstOrDefault(static why => why is not null);
        var at = serving.Min(static proxy => proxy.Status?.Dialogs?.At);
        return new StoredCallCount(unknown is null ? DialogSum.Sum(serving.Select(proxy => proxy.Status!.Dialogs!.CallsOf(member) ?? 0)) with { At = at } : new CallCount(Calls: null) { Reason = unknown, At = at, IsByDialogs = true }, null);
    }
}
