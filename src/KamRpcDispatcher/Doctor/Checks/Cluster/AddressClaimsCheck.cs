using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether several names of a set announce one address, of which one is followed.</summary>
internal static class AddressClaimsCheck
{
    private const string Name = "etcd.addresses";

    public static Finding Of(EtcdObservation etcd)
    {
        if (!etcd.Members.Try(out var members, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        var contested = AddressClaim.Of(members).Where(static claim => claim.Others.Count > 0).ToList();
        if (contested.Count == 0 && SharedServer.Of(members, etcd.Addresses) is { Count: > 0 } shared)
        {
            return Finding.Warning(
                Name,
                $"servers are announced by a host name and by its address: {Wording.List([.. shared.Select(Told)])}; Kamailio takes these for several servers, so that one gets the calls of all, and goes on getting them when one of the names leaves",
                "announce each server once, by its address: kamrpc announce --uri sip:ADDRESS:PORT");
        }

        return contested.Count == 0
            ? Finding.Ok(Name, "each address has one name in its set")
            : Finding.Warning(
                Name,
                $"several names announce one address: {Wording.List([.. contested.Select(Told)])}; of these one is followed, a ready one first, then the one announced last",
                "stop the announcer of the name that is wrong, or delete its key: etcdctl del /kamrpc/CLUSTER/members/SET/NAME");
    }

    private static string Told(SharedServer server) =>
        $"{server.Address} is {string.Join(" and ", server.Members.Take(Wording.Most).Select(static member => $"{member.Uri.Text} of {member.Key} ({member.State.ToString().ToLowerInvariant()})"))}";

    private static string Told(AddressClaim claim) =>
        $"{claim.Holder.Uri.Text} by {string.Join(" and ", claim.Others.Prepend(claim.Holder).Select(static member => $"{member.Key} ({member.State.ToString().ToLowerInvariant()})"))}";
}
