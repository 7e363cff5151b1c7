using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd.Proxies;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Reports.Dialogs;

/// <summary>How many calls are up on a drained member by the dialogs of all proxies; what one of them does not know nobody knows.</summary>
internal static class DialogSum
{
    /// <summary>No call is taken to be longer, as KAMRPC_CALL_EXPIRE of the snippet is by default: a Kamailio that runs for so long knows all that are up.</summary>
    internal static readonly TimeSpan LongestCall = TimeSpan.FromHours(2);

    /// <summary>By what was read once; null where no proxy that may serve the member's set counts dialogs.</summary>
    public static StoredCallCount? Of(MemberKey member, IEnumerable<ReportingProxy> proxies, DateTimeOffset now)
    {
        List<ReportingProxy> serving = [.. proxies.Where(proxy => proxy.Status is not { Serves.IsEmpty: false } status || status.Serves.Contains(member.Set))];
        if (!serving.Exists(static proxy => proxy.Status?.Dialogs is not null))
        {
            return null;
        }

        var unknown = serving.Select(proxy => WhyUnknown(proxy.Name, proxy.Status?.Dialogs, member, now)).FirstOrDefault(static why => why is not null);
        var at = serving.Min(static proxy => proxy.Status?.Dialogs?.At);
        return new StoredCallCount(unknown is null ? Sum(serving.Select(proxy => proxy.Status!.Dialogs!.CallsOf(member) ?? 0)) with { At = at } : new CallCount(Calls: null) { Reason = unknown, At = at, IsByDialogs = true }, null);
    }

    /// <summary>All of them together.</summary>
    public static CallCount Sum(IEnumerable<int> calls) => new((int)Math.Min(CallCountRecord.MostCalls, calls.Sum(static count => (long)count))) { IsByDialogs = true };

    /// <summary>Why a proxy does not tell how many of its calls are up on a member, in a few words, safe to print; null where it does.</summary>
    public static string? WhyUnknown(string proxy, DialogReport? dialogs, MemberKey member, DateTimeOffset now)
    {
        var name = SafeText.Shorten(proxy);
        return dialogs is null ? $"Kamailio of proxy {name} does not count dialogs"
            : dialogs.CallsOf(member) is not { } calls ? $"proxy {name} has not counted its calls"
            : dialogs.Since is not { } since ? $"nobody knows since when Kamailio of proxy {name} counts"
            : calls == 0 && now - since < LongestCall ? string.Create(CultureInfo.InvariantCulture, $"Kamailio of proxy {name} was started at {since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}, and does not count calls of before")
            : null;
    }
}
