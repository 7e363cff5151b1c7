using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether Kamailio has the tables of the snippet by which calls are shared and counted, and whether all proxies share by weights in one way.</summary>
internal static class SharesCheck
{
    private const string Name = "kamailio.shares";
    private const string WaysName = "etcd.share-ways";

    private const string Lines = """
        loadmodule "htable.so"  modparam("htable", "htable", "kamrpc_shares=>size=8;")  modparam("htable", "htable", "kamrpc_counts=>size=10;autoexpire=3600;initval=0;")  modparam("htable", "htable", "kamrpc_challenged=>size=10;autoexpire=60;")
        """;

    private const string Fix = Lines + ", as the snippet of this version has them with the routing that goes by them (kamrpc cfg), and a restart of Kamailio";

    public static Finding Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (!kamailio.Shares.Try(out var tables, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (tables.HasMaps)
        {
            return tables.HasCounts
                ? Finding.Ok(Name, "calls can be shared by splits and weights, and are counted")
                : Finding.Note(Name, "calls can be shared by splits and weights, and are not counted: the table kamrpc_counts is missing, as with the snippet of an earlier version", Fix);
        }

        const string Text = "Kamailio has no table for shares (htable kamrpc_shares): no set can be split, and weights are attributes of destinations, which count under algorithms 9 and 11 alone";
        return etcd.Proxies.Try(out var proxies, out _) && proxies.FirstOrDefault(proxy => proxy.Name == DispatcherCheck.ProxyAtWork(kamailio))?.Status is { } status && status.Troubles.Any(static trouble => trouble.Kind == TroubleKind.Shares)
            ? Finding.Error(Name, $"{Text}; an operator wishes shares, and they are not followed", Fix)
            : Finding.Note(Name, Text, Fix);
    }

    public static Finding OfWays(EtcdObservation etcd)
    {
        if (!etcd.Proxies.Try(out var proxies, out var trouble))
        {
            return Finding.Unknown(WaysName, trouble);
        }

        var ways = proxies.Where(static proxy => proxy.Status?.Shares is not null).GroupBy(static proxy => proxy.Status!.Shares!.Way).OrderBy(static way => way.Key, StringComparer.Ordinal).ToList();
        return ways.Count <= 1
            ? Finding.Ok(WaysName, ways.Count == 0 ? "no proxy says how weights share calls" : $"weights share calls in one way: --share {SafeText.Shorten(ways[0].Key, 20)}")
            : Finding.Warning(
                WaysName,
                $"the same weights are other shares on each: {string.Join("; ", ways.Select(static way => $"--share {SafeText.Shorten(way.Key, 20)} on {Wording.List([.. way.Select(static proxy => SafeText.Shorten(proxy.Name))])}"))}",
                "kamrpc dispatch with the same --share everywhere");
    }
}
