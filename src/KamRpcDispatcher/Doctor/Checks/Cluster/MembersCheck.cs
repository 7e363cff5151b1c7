using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether the cluster's members and proxies could be read, and whether anything is announced at all.</summary>
internal static class MembersCheck
{
    private const string Name = Causes.Members;
    private const string Announce = "kamrpc announce beside each SIP server, with the same --etcd and --cluster";

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Served.Try(out var members, out var trouble))
        {
            return trouble.Because == Causes.Members
                ? Finding.Unknown(Name, trouble.Text, etcd.Endpoints.Any(static endpoint => endpoint.Status.Try(out var status, out _) && status.IsLearner)
                    ? "etcdctl member promote ID, or the other members of etcd in --etcd"
                    : "a user with the role status, see etcd with TLS and users: --etcd-user NAME --etcd-password-file FILE")
                : Finding.Unknown(Name, trouble);
        }

        if (etcd.Rejected.Count > 0)
        {
            return Finding.Warning(
                Name,
                $"{Wording.Count(etcd.Rejected.Count, "record")} cannot be used: {Wording.List([.. etcd.Rejected.Select(static record => $"{record.Key} ({record.Reason})")])}",
                "whoever announces them: kamrpc announce writes no such record");
        }

        if (WithoutAnybody(etcd) is { Count: > 0 } empty)
        {
            var there = etcd.Members.Try(out var all, out _) ? all.Select(static member => member.Key.Set).Distinct().Order().ToList() : [];
            return Finding.Error(
                Name,
                $"nobody is announced in {Wording.Sets(empty)} of cluster {SafeText.Shorten(etcd.Cluster)}{(there.Count == 0 ? ", nor in any other set" : $"; there {(there.Count == 1 ? "is" : "are")} {Wording.Sets(there)}")}",
                $"{Announce}; or the right --set");
        }

        var where = $"cluster {SafeText.Shorten(etcd.Cluster)}{(etcd.Sets is { } only ? $", set {string.Join(", ", only.Order())}" : string.Empty)}";
        return members.Count > 0 ? Finding.Ok(Name, $"{where}: {Wording.Count(members.Count, "member")} in {Wording.Count(members.Select(static member => member.Key.Set).Distinct().Count(), "set")}")
            : etcd.Proxies.Try(out var proxies, out _) && proxies.Any(static proxy => proxy.Status is { HasSources: true }) ? Finding.Note(Name, $"nothing is announced in {where}; members of {Wording.List([.. proxies.Where(static proxy => proxy.Status is { HasSources: true }).Select(static proxy => SafeText.Shorten(proxy.Name))])} come from elsewhere too (--source)")
            : proxies is { Count: > 0 } ? Finding.Error(Name, $"nothing is announced in {where}, and {Wording.Count(proxies.Count, "proxy", "proxies")} {(proxies.Count == 1 ? "waits" : "wait")} for somebody to send calls to", Announce)
            : Finding.Note(Name, $"nothing is announced in {where}", Announce);
    }

    /// <summary>The sets that the operator says this Kamailio serves, and in which nobody is announced.</summary>
    private static List<int> WithoutAnybody(EtcdObservation etcd) =>
        etcd.Sets is { } sets && etcd.Members.Try(out var members, out _) ? [.. sets.Except(members.Select(static member => member.Key.Set)).Where(set => !etcd.Proxies.Try(out var proxies, out _) || proxies.All(proxy => proxy.Status?.ElsewhereOf(set) is null)).Order()] : [];
}
