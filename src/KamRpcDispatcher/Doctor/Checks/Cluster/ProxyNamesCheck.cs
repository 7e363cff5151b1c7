using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether two proxies report under one name, each over what the other one says.</summary>
internal static class ProxyNamesCheck
{
    private const string Name = "etcd.proxy-names";

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Proxies.Try(out var proxies, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        var clashes = proxies
            .Where(static proxy => proxy.Status is { } status && status.Troubles.Any(static trouble => trouble.Kind == TroubleKind.Name))
            .Select(static proxy => SafeText.Shorten(proxy.Name)).ToList();
        return clashes.Count > 0
            ? Finding.Error(
                Name,
                $"two proxies report in turn under the name {string.Join(", ", clashes)}: neither's report can be relied on, and announcers that leave wait for acknowledgements that do not come",
                "kamrpc dispatch --proxy NAME, another one for each")
            : Finding.Ok(Name, $"{(proxies.Count == 1 ? "1 proxy reports" : $"{proxies.Count} proxies report")}, none under the name of another");
    }
}
