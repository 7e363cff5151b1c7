using System.Globalization;
using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

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
        var examined = own.Where(destination => Ownership.Cluster(destination) == etcd.Cluster).ToList();
        var others = own.Except(examined).ToList();
        var atWork = DispatcherCheck.ClusterAtWork(kamailio);
        var strange = others.Where(destination => Ownership.Cluster(destination) != atWork).ToList();
        if (strange.Count > 0)
        {
            return OfNobody(strange, kamailio);
        }

        if (others.Count > 0 && examined.Count == 0)
        {
            return Finding.Ok(Name, $"{Wording.Count(others.Count, "destination")} of kamrpc's, of cluster {SafeText.Shorten(atWork!)}, which the dispatcher at work here serves; cluster {etcd.Cluster} is what is examined");
        }

        if (!etcd.Members.Try(out var members, out _))
        {
            return Finding.Ok(Name, $"{Wording.Count(own.Count, "destination")} of kamrpc's, of the cluster that is served; whether each has a member is not known without etcd");
        }

        // Whose members are not seen is not judged by what etcd has. In which set somebody of a class is at home is not seen either.
        var unseen = examined.Where(destination => etcd.Elsewhere.IsUnseen(destination.Set) || (etcd.Elsewhere.HasUnseen && ClassSets.Has(destination.Set))).ToList();
        var left = Left(examined.Except(unseen), members, etcd.Held).ToList();
        var kept = left.Where(destination => IsKept(destination, members, list.Destinations)).ToList();
        left = [.. left.Except(kept)];
        if (left.Count == 0 && kept.Count > 0)
        {
            return Finding.Warning(
                Name,
                $"their members came with another address, which is not in Kamailio's list, and they take calls until it is: {Told(kept, static _ => string.Empty)}",
                "kamrpc explain NAME says why the new address cannot be put there");
        }

        if (left.Count > 0 && HeldWithoutName(etcd) is var held and > 0)
        {
            return Finding.Unknown(
                Name,
                $"{Wording.Count(left.Count, "destination")} of kamrpc's take calls and have no member: after a mass expiry members are held back, {held} more than the reports name, so that whether these are left over is not known before that is over");
        }

        return left.Count == 0
            ? Finding.Ok(Name, $"{Wording.Count(own.Count - unseen.Count, "destination")} of kamrpc's, each with a member, or off{OfUnseen(unseen, etcd)}")
            : Finding.Warning(
                Name,
                $"kamrpc added them, no member has their address any more, and they take calls: {Told(left, static _ => string.Empty)}; their set is not served (--set), or the dispatcher does not follow",
                $"{(DispatcherCheck.IsServed(kamailio) is false ? "kamrpc dispatch with a --set that names their sets" : "a --set that names their sets for the kamrpc dispatch that is at work here, or its log")}; or {Removal(left[0], kamailio)}");
    }

    private static string OfUnseen(List<DispatcherDestination> unseen, EtcdObservation etcd)
    {
        var sets = unseen.Select(static destination => destination.Set).Where(etcd.Elsewhere.IsUnseen).Distinct().Order().ToList();
        return unseen.Count == 0 ? string.Empty : $"; {unseen.Count} more, whose members are not seen from here, {(unseen.Count == 1 ? "is" : "are")} not judged{(sets.Count == 0 ? string.Empty : $": {Wording.List([.. sets.Select(etcd.Elsewhere.Sentence)])}")}";
    }

    /// <summary>Those of a cluster that no dispatcher serves here, as far as it is seen.</summary>
    private static Finding OfNobody(List<DispatcherDestination> strange, KamailioObservation kamailio)
    {
        var told = Told(strange, static destination => $" (cluster {Ownership.Cluster(destination)})");
        var another = $"kamrpc doctor --cluster {SafeText.Shorten(Ownership.Cluster(strange[0])!)}, if that cluster is the one that is served";
        return DispatcherCheck.ClusterAtWork(kamailio) is null && DispatcherCheck.IsServed(kamailio) is not false
            ? Finding.Unknown(Name, $"kamrpc added them for a cluster that is not examined, and whether a dispatcher serves it here is not seen: {told}", $"{another}; kamrpc doctor as Kamailio's user, or root, sees the dispatcher")
            : Finding.Warning(Name, $"kamrpc added them for a cluster that is not served here, and nobody follows what they are: {told}", $"{another}; else {Removal(strange[0], kamailio)}");
    }

    /// <summary>Those that take calls though nobody announces them. Whoever is held back after a mass expiry is announced by nobody, and kept on purpose; who stands in a class stands there for a set of which that is not seen.</summary>
    private static IEnumerable<DispatcherDestination> Left(IEnumerable<DispatcherDestination> own, IReadOnlyList<Member> members, IReadOnlyList<Member> held)
    {
        var wanted = members.Concat(held).Select(static member => (member.Key.Set, member.Uri)).ToHashSet();
        var anywhere = wanted.Select(static one => one.Uri).ToHashSet();
        return own.Where(destination => destination.State is DestinationState.Active or DestinationState.Trying
            && (Ownership.Uri(destination) is not { } uri || !(ClassSets.Has(destination.Set) ? anywhere.Contains(uri) : wanted.Contains((destination.Set, uri)))));
    }

    /// <summary>One that keeps taking calls since its member's new address is not there: no call would be served without it.</summary>
    private static bool IsKept(DispatcherDestination destination, IReadOnlyList<Member> members, IReadOnlyList<DispatcherDestination> listed) =>
        members.FirstOrDefault(member => member.Key.Set == destination.Set && string.Equals(member.Key.Name, destination.Duid, StringComparison.OrdinalIgnoreCase)) is { State: MemberState.Ready } member
        && !listed.Any(other => other.Set == destination.Set && Ownership.Uri(other) is { } uri && uri.Equals(member.Uri));

    private static int HeldWithoutName(EtcdObservation etcd) =>
        etcd.Proxies.Try(out var proxies, out _) ? proxies.Select(static proxy => proxy.Status?.MoreHeld ?? 0).DefaultIfEmpty(0).Max() : 0;

    private static string Told(List<DispatcherDestination> destinations, Func<DispatcherDestination, string> more) =>
        Wording.List([.. destinations.Select(destination => string.Create(CultureInfo.InvariantCulture, $"set {destination.Set}: {destination.Uri}{more(destination)}"))]);

    /// <summary>Who is at work is the only one to change the list: a second writer beside it corrupts Kamailio's memory.</summary>
    private static string Removal(DispatcherDestination destination, KamailioObservation kamailio)
    {
        var command = string.Create(CultureInfo.InvariantCulture, $"kamcmd dispatcher.remove {destination.Set} {destination.Uri}, and so on");
        return DispatcherCheck.IsServed(kamailio) is false ? command : $"stop the kamrpc dispatch that is at work, {command}, and start it again (not while it is at work: two writers crash Kamailio)";
    }
}
