using KamailioRpc.Commands;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether destinations have names, which Kamailio resolves anew at every change, waiting, and drops when they do not resolve.</summary>
internal static class HostNamesCheck
{
    private const string InKamailio = "kamailio.host-names";
    private const string InEtcd = "etcd.host-names";
    private const string Fix = "kamrpc announce --uri sip:ADDRESS:PORT, or the address in Kamailio's list file";
    private const string Consequence = "Kamailio resolves them at every change of its table, waits for it, and drops those that do not resolve";

    public static Finding Of(KamailioObservation kamailio)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return Finding.Unknown(InKamailio, trouble);
        }

        if (!list.IsWhole)
        {
            return Finding.Unknown(InKamailio, ListReply.NotWhole);
        }

        var named = list.Destinations.Where(static destination => HostLookup.Name(destination.Uri) is not null).ToList();
        if (named.Count == 0)
        {
            return Finding.Ok(InKamailio, $"{Wording.Count(list.Destinations.Count, "destination")}, all with addresses");
        }

        // What is listed without resolving is so by flag 16, or since before the DNS failed: the next change takes it away either way.
        var lost = named.Where(destination => kamailio.UnresolvedNames.Contains(HostLookup.Name(destination.Uri)!)).ToList();
        return lost.Count > 0
            ? Finding.Error(
                InKamailio, $"destinations with host names that have no address now: {Uris(lost)}; the next change of the table, which any member makes that comes or goes, takes them out for good{Owners(lost)}", Fix)
            : Finding.Warning(InKamailio, $"destinations with host names: {Uris(named)}; {Consequence}{Owners(named)}", Fix);
    }

    private static string Uris(IEnumerable<DispatcherDestination> destinations) => Wording.List([.. destinations.Select(static destination => destination.Uri).Distinct()]);

    private static string Owners(List<DispatcherDestination> destinations) =>
        destinations.Exists(static destination => !Ownership.IsOurs(destination)) ? "; kamrpc did not add all of these, so that nobody puts them back from etcd" : string.Empty;

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Members.Try(out var members, out var trouble))
        {
            return Finding.Unknown(InEtcd, trouble);
        }

        var names = members.Where(static member => member.Uri.Address is null).Select(static member => $"{member.Key.Name} ({member.Uri.Text})").ToList();
        return names.Count == 0
            ? Finding.Ok(InEtcd, $"{Wording.Count(members.Count, "member")}, all with addresses")
            : Finding.Warning(InEtcd, $"members with host names: {Wording.List(names)}; {Consequence}", "kamrpc announce --uri sip:ADDRESS:PORT");
    }
}
