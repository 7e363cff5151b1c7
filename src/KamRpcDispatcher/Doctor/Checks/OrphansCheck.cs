using System.Globalization;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether Kamailio's list has entries that kamrpc added and that nobody keeps in step any more.</summary>
internal static class OrphansCheck
{
    private const string Name = "kamailio.orphans";

    public static Finding Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (!kamailio.List.Try(out var list, out var trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (!list.IsWhole)
        {
            return Finding.Unknown(Name, ListReply.NotWhole);
        }

        var own = list.Destinations.Where(static destination => Ownership.IsOurs(destination) && destination.Set != MemberKey.ReservedSet).ToList();
        var served = own.Where(destination => IsServed(Ownership.Cluster(destination)!, kamailio, etcd.Cluster)).ToList();
        var strange = own.Except(served).ToList();
        if (strange.Count > 0)
        {
            return Finding.Warning(
                Name,
                $"kamrpc added them for a cluster that is not served here, and nobody follows what they are: {Told(strange, static destination => $" (cluster {Ownership.Cluster(destination)})")}",
                Removal(strange[0]) + ", and so on; or kamrpc doctor --cluster NAME, if that cluster is served");
        }

        if (!etcd.Members.Try(out var members, out _))
        {
            return Finding.Ok(Name, $"{Wording.Count(own.Count, "destination")} of kamrpc's, of the cluster that is served; whether each has a member is not known without etcd");
        }

        var left = Left(served, members, etcd.Held).ToList();
        if (left.Count > 0 && HeldWithoutName(etcd) is var held and > 0)
        {
            return Finding.Unknown(
                Name,
                $"{Wording.Count(left.Count, "destination")} of kamrpc's take calls and have no member: after a mass expiry members are held back, {held} more than the reports name, so that whether these are left over is not known before that is over");
        }

        return left.Count == 0
            ? Finding.Ok(Name, $"{Wording.Count(own.Count, "destination")} of kamrpc's, each with a member, or off")
            : Finding.Warning(
                Name,
                $"kamrpc added them, no member has their address any more, and they take calls: {Told(left, static _ => string.Empty)}; their set is not served (--set), or the dispatcher does not follow",
                $"kamrpc dispatch with a --set that names their sets, or {Removal(left[0])}, and so on");
    }

    /// <summary>The cluster that is examined, or that of the dispatcher which has Kamailio.</summary>
    private static bool IsServed(string cluster, KamailioObservation kamailio, string examined) =>
        cluster == examined || (DispatcherCheck.Holder(kamailio)?.Contains($"for cluster {cluster},", StringComparison.Ordinal) ?? false);

    /// <summary>Those that take calls though nobody announces them. Whoever is held back after a mass expiry is announced by nobody, and kept on purpose.</summary>
    private static IEnumerable<DispatcherDestination> Left(IEnumerable<DispatcherDestination> own, IReadOnlyList<Member> members, IReadOnlyList<Member> held)
    {
        var wanted = members.Concat(held).Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        return own.Where(destination => destination.State is DestinationState.Active or DestinationState.Trying && (Ownership.Uri(destination) is not { } uri || !wanted.Contains((destination.Set, uri))));
    }

    private static int HeldWithoutName(EtcdObservation etcd) =>
        etcd.Proxies.Try(out var proxies, out _) ? proxies.Select(static proxy => proxy.Status?.MoreHeld ?? 0).DefaultIfEmpty(0).Max() : 0;

    private static string Told(List<DispatcherDestination> destinations, Func<DispatcherDestination, string> more) =>
        Wording.List([.. destinations.Select(destination => string.Create(CultureInfo.InvariantCulture, $"set {destination.Set}: {destination.Uri}{more(destination)}"))]);

    private static string Removal(DispatcherDestination destination) =>
        string.Create(CultureInfo.InvariantCulture, $"kamcmd dispatcher.remove {destination.Set} {destination.Uri}");
}
