using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether the cluster's members and proxies could be read, and whether anything is announced at all.</summary>
internal static class MembersCheck
{
    private const string Name = Causes.Members;

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Served.Try(out var members, out var trouble))
        {
            return trouble.Because == Causes.Members
                ? Finding.Unknown(Name, trouble.Text, "a user with the role status, see etcd with TLS and users: --etcd-user NAME --etcd-password-file FILE")
                : Finding.Unknown(Name, trouble);
        }

        if (etcd.Rejected.Count > 0)
        {
            return Finding.Warning(
                Name,
                $"{Wording.Count(etcd.Rejected.Count, "record")} cannot be used: {Wording.List([.. etcd.Rejected.Select(static record => $"{record.Key} ({record.Reason})")])}",
                "whoever announces them: kamrpc announce writes no such record");
        }

        var where = $"cluster {MemberRules.Shorten(etcd.Cluster)}{(etcd.Sets is { } only ? $", set {string.Join(", ", only.Order())}" : string.Empty)}";
        return members.Count == 0
            ? Finding.Note(Name, $"nothing is announced in {where}", "kamrpc announce beside each SIP server, with the same --etcd and --cluster")
            : Finding.Ok(Name, $"{where}: {Wording.Count(members.Count, "member")} in {Wording.Count(members.Select(static member => member.Key.Set).Distinct().Count(), "set")}");
    }
}
