using System.Globalization;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Etcd.Reports.Dialogs;

/// <summary>How many calls are up on a drained member by the dialogs of all proxies; what one of them does not know nobody knows.</summary>
internal static class DialogSum
{
    /// <summary>No call is taken to be longer, as KAMRPC_CALL_EXPIRE of the snippet is by default: a Kamailio that runs for so long knows all that are up.</summary>
    internal static readonly TimeSpan LongestCall = TimeSpan.FromHours(2);

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
