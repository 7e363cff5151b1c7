using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;

namespace KamRpcDispatcher.Cli;

/// <summary>What of a cluster is not in step, a sentence each.</summary>
internal static class StatusFindings
{
    private const int LongestKind = 20;

    /// <summary>The table and the JSON have the rest.</summary>
    private const int LongestTrouble = 64;

    public static IReadOnlyList<string> Of(ClusterView cluster)
    {
        var findings = cluster.Proxies.SelectMany(proxy => OfProxy(cluster, proxy)).ToList();
        if (cluster.Proxies.Count == 0)
        {
            findings.Add("no proxy reports: no dispatcher of this cluster is running, or none reaches etcd");
        }

        if (cluster.Rejected.Count > 0)
        {
            findings.Add($"{Count(cluster.Rejected.Count, "record")} rejected");
        }

        findings.AddRange(new StatusClaims(cluster).Findings());

        return findings;
    }

    /// <summary><c>1 record</c>, <c>2 records</c>.</summary>
    public static string Count(long number, string what) => FormattableString.Invariant($"{number} {what}{(number == 1 ? string.Empty : "s")}");

    private static IEnumerable<string> OfProxy(ClusterView cluster, ReportingProxy proxy)
    {
        var name = $"proxy {MemberRules.Shorten(proxy.Name)}";
        if (proxy.Status is not { } status)
        {
            yield return $"{name}: its report cannot be read";
            yield break;
        }

        foreach (var trouble in status.Troubles)
        {
            yield return $"{name}: {MemberRules.Shorten(trouble.Kind, LongestKind)}: {MemberRules.Shorten(trouble.Text, LongestTrouble)}";
        }

        if (status.Held.Length > 0)
        {
            yield return $"{name} holds back {Count(status.Held.Length, "expired member")}";
        }

        if (status.Quarantined.Length > 0)
        {
            yield return $"{name}: Kamailio refuses {Count(status.Quarantined.Length, "destination")}";
        }

        if (status.Drift > 0)
        {
            yield return $"{name} owes {Count(status.Drift, "change")}";
        }

        if (cluster.Behind(status) is var behind and > 0)
        {
            yield return $"{name} is {Count(behind, "revision")} behind the newest member record";
        }

        if (status.IsFromSnapshot)
        {
            yield return $"{name} works from a saved membership";
        }
    }
}
