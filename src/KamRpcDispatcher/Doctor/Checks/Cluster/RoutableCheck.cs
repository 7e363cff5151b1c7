using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Destinations.Addresses;
using KamRpcDispatcher.Doctor.Observations;
using KamRpcDispatcher.Etcd.Reports;

namespace KamRpcDispatcher.Doctor.Checks.Cluster;

/// <summary>Whether what is announced gets calls from this Kamailio: by what its list shows, whoever keeps it.</summary>
internal static class RoutableCheck
{
    private const string Name = "kamailio.routable";

    public static Finding Of(KamailioObservation kamailio, EtcdObservation etcd)
    {
        if (!kamailio.List.Try(out var list, out var trouble) || !etcd.Served.Try(out var members, out trouble))
        {
            return Finding.Unknown(Name, trouble);
        }

        if (!list.IsWhole)
        {
            return Finding.Unknown(Name, ListReply.NotWhole);
        }

        var listed = list.Destinations.Select(static destination => (Uri: Ownership.Uri(destination), Destination: destination)).Where(static entry => entry.Uri is not null)
            .ToLookup(static entry => (entry.Destination.Set, entry.Uri!), static entry => entry.Destination);
        var sets = members.GroupBy(static member => member.Key.Set).Select(set => SetView.Of(set, listed, member => etcd.Drained.Contains(member.Key), member => kamailio.IsWithoutSocketFor(member, etcd.Addresses))).Concat(Deserted(list.Destinations, members, kamailio, etcd)).Concat(Unseen(list.Destinations, kamailio, etcd)).OrderBy(static set => set.Set).ToList();
        var troubled = sets.Where(static set => set.Trouble is not null).ToList();
        var full = FullSets(list.Destinations, sets);
        return troubled.Count > 0 ? Finding.Error(Name, Sentences([.. troubled.Select(static set => set.Trouble!), .. full]), RoutableAdvice.For([.. troubled.SelectMany(static set => set.Reasons)], kamailio, etcd.Cluster))
            : full.Count > 0 ? Finding.Warning(Name, $"{Sentences(full)}: algorithm 10 has none for another call until one ends", "one more server for the set, or a higher --maxload for those that can take more calls")
            : Finding.Ok(Name, sets.Count == 0 ? "nothing is announced that would have to be" : $"everybody who is ready gets calls: {Wording.List([.. sets.Select(static set => set.Share)])}");
    }

    private static string Sentences(List<string> sets) =>
        string.Join("; ", sets.Take(Wording.Most)) + (sets.Count > Wording.Most ? FormattableString.Invariant($"; and {sets.Count - Wording.Most} sets more") : string.Empty);

    /// <summary>Whoever put a destination into a set, calls go there.</summary>
    private static List<string> FullSets(IReadOnlyList<DispatcherDestination> list, List<SetView> announced)
    {
        var listed = list.ToLookup(static destination => destination.Set);
        return
        [
            .. from set in announced
               let full = FullSet.Of(listed[set.Set].Select(static destination => (IsRoutable(destination), destination.DialogLoad ?? 0, destination.MaxLoad)))
               where full is not null
               select FormattableString.Invariant($"set {set.Set}: {full}"),
        ];
    }

    /// <summary>
    /// Sets of kamrpc's in which nobody is announced and nobody gets calls: those in which it added somebody, those that expired members are held in,
    /// those that the operator names, and those of which the dispatcher at work here knows that somebody was in them.
    /// </summary>
    private static IEnumerable<SetView> Deserted(IReadOnlyList<DispatcherDestination> list, IReadOnlyList<Member> members, KamailioObservation kamailio, EtcdObservation etcd)
    {
        var report = ReportHere(kamailio, etcd);
        var listed = list.ToLookup(static destination => destination.Set);
        var held = etcd.Held.ToLookup(static member => member.Key.Set);
        var unusable = etcd.Rejected.Where(static record => record.Member is not null).ToLookup(static record => record.Member!.Value.Set);
        return list.Where(destination => destination.Set != MemberKey.ReservedSet && !ClassSets.Has(destination.Set) && Ownership.Cluster(destination) == etcd.Cluster).Select(static destination => destination.Set)
            .Concat(held.Select(static set => set.Key)).Concat(etcd.Sets ?? new HashSet<int>())
            .Concat(report?.Sets.Where(static set => set.Value.HasNobody).Select(static set => set.Key) ?? []).Distinct()
            .Where(set => etcd.Sets?.Contains(set) != false && !listed[set].Any(IsRoutable))
            .Except(members.Select(static member => member.Key.Set))
            .Where(set => !etcd.Elsewhere.IsUnseen(set))
            .Select(set => SetView.Deserted(set, listed[set].Count(), held[set].Count(), unusable[set].Count(), etcd.Elsewhere.Has(set) ? etcd.Elsewhere.Sentence(set) : null));
    }

    /// <summary>Sets whose members are not seen, since they come from elsewhere than etcd: by what Kamailio's list shows, and by what the dispatcher reports of who is ready.</summary>
    private static IEnumerable<SetView> Unseen(IReadOnlyList<DispatcherDestination> list, KamailioObservation kamailio, EtcdObservation etcd)
    {
        var reported = ReportHere(kamailio, etcd)?.Sets;
        var listed = list.ToLookup(static destination => destination.Set);
        return list.Where(destination => destination.Set != MemberKey.ReservedSet && !ClassSets.Has(destination.Set) && Ownership.Cluster(destination) == etcd.Cluster).Select(static destination => destination.Set)
            .Concat(reported?.Where(static set => set.Value is { Wanted: > 0 }).Select(static set => set.Key) ?? []).Distinct()
            .Where(set => etcd.Elsewhere.IsUnseen(set) && etcd.Sets?.Contains(set) != false)
            .Select(set => SetView.Unseen(set, listed[set].Count(), listed[set].Count(IsRoutable), reported?.GetValueOrDefault(set) ?? default, etcd.Elsewhere.Sentence(set)));
    }

    private static ProxyStatus? ReportHere(KamailioObservation kamailio, EtcdObservation etcd) =>
        DispatcherCheck.ClusterAtWork(kamailio) == etcd.Cluster && DispatcherCheck.ProxyAtWork(kamailio) is { } here && etcd.Proxies.Try(out var proxies, out _) ? proxies.FirstOrDefault(proxy => proxy.Name == here)?.Status : null;

    private static bool IsRoutable(DispatcherDestination destination) => destination.State is DestinationState.Active or DestinationState.Trying;

    private static bool IsFull(DispatcherDestination destination) => FullSet.IsFull(destination.DialogLoad ?? 0, destination.MaxLoad);

    /// <summary>One set: what was announced, and what of it gets calls.</summary>
    private sealed record SetView(int Set, int Members, int Routable, IReadOnlyList<string> Reasons)
    {
        /// <summary>Null when everybody who is ready gets calls, and there is somebody.</summary>
        public string? Trouble { get; private init; }

        /// <summary>How many of its members get calls, in words.</summary>
        public string Share => Source is { } source ? FormattableString.Invariant($"{Wording.Count(Routable, "destination")} in set {Set}, whose members are not seen from here ({source})") : FormattableString.Invariant($"{Routable} of {Wording.Count(Members, "member")} in set {Set}{(Full > 0 ? $", {Full} of them full at the moment" : string.Empty)}");

        /// <summary>Where its members come from that are not seen; null where they are.</summary>
        private string? Source { get; init; }

        /// <summary>Those who get calls and have as many as they take.</summary>
        private int Full { get; init; }

        public static SetView Of(IGrouping<int, Member> set, ILookup<(int, SipUri), DispatcherDestination> listed, Func<Member, bool> isDrained, Func<Member, bool> isUnsendable)
        {
            var members = set.ToList();

            // Of two names for one address the ready one is followed.
            var wanted = members.Where(static member => member.State == MemberState.Ready).Select(static member => member.Uri).ToHashSet();
            var serving = members.Count(member => member.State != MemberState.Ready && !wanted.Contains(member.Uri) && listed[(set.Key, member.Uri)].Any(IsRoutable));
            var routable = members.Count(member => listed[(set.Key, member.Uri)].Any(IsRoutable));
            var reasons = members.Where(member => routable == 0 || member.State == MemberState.Ready).Select(member => Reason(member, [.. listed[(set.Key, member.Uri)]], isDrained, isUnsendable)).OfType<string>()
                .CountBy(static reason => reason).OrderByDescending(static reason => reason.Value).ToList();
            var why = string.Join(", ", reasons.Select(static reason => FormattableString.Invariant($"{reason.Value} {reason.Key}")));
            return new SetView(set.Key, members.Count, routable, serving > 0 && reasons.Count == 0 ? [RoutableAdvice.Serving] : [.. reasons.Select(static reason => reason.Key)])
            {
                Full = members.Count(member => listed[(set.Key, member.Uri)].Where(IsRoutable).ToList() is { Count: > 0 } taking && taking.TrueForAll(IsFull)),
                Trouble = reasons.Count == 0 && routable > 0 ? (serving == 0 ? null : FormattableString.Invariant($"set {set.Key}: {serving} of {Wording.Count(members.Count, "member")} {RoutableAdvice.Serving}"))
                    : routable == 0 ? FormattableString.Invariant($"set {set.Key}: none of {Wording.Count(members.Count, "member")} gets calls ({why})")
                    : FormattableString.Invariant($"set {set.Key}: {reasons.Sum(static reason => reason.Value)} of {Wording.Count(members.Count, "member")} ready and without calls ({why})"),
            };
        }

        /// <summary>One of which nobody is announced.</summary>
        public static SetView Deserted(int set, int listed, int held, int unusable, string? source) => new(set, 0, 0, [unusable > 0 ? RoutableAdvice.Unusable : source is null ? RoutableAdvice.Nobody : RoutableAdvice.InNoSource])
        {
            Trouble = FormattableString.Invariant($"set {set}: {(unusable == 0 ? source is null ? "nobody is announced" : $"it has no members ({source})" : unusable == 1 ? "its one record cannot be used" : FormattableString.Invariant($"none of its {unusable} records can be used"))}{(held > 0 ? FormattableString.Invariant($" ({Wording.Count(held, "expired member")} held back)") : string.Empty)}, and ")
                + (listed == 0 ? "Kamailio's list has nobody else" : listed == 1 ? "its one destination in Kamailio's list gets no calls" : FormattableString.Invariant($"none of its {listed} destinations in Kamailio's list gets calls")),
        };

        /// <summary>One whose members are not seen.</summary>
        public static SetView Unseen(int set, int listed, int routable, SetStatus reported, string source) => new(set, 0, routable, [RoutableAdvice.Unseen])
        {
            Source = source,
            Trouble = routable == 0 ? FormattableString.Invariant($"set {set}: {(listed == 0 ? "nobody is in Kamailio's list" : $"none of its {Wording.Count(listed, "destination")} in Kamailio's list gets calls")}; its members are not seen from here ({source})")
                : reported.Serving < reported.Wanted ? FormattableString.Invariant($"set {set}: {reported.Wanted - reported.Serving} of {Wording.Count(reported.Wanted.Value, "ready member")} without calls, by its dispatcher's report; they are not seen from here ({source})")
                : null,
        };

        /// <summary>Why a member gets no calls; null when it does.</summary>
        private static string? Reason(Member member, IReadOnlyCollection<DispatcherDestination> listed, Func<Member, bool> isDrained, Func<Member, bool> isUnsendable) =>
            listed.Any(IsRoutable) ? null
            : isDrained(member) ? RoutableAdvice.Drained
            : member.State != MemberState.Ready ? member.State == MemberState.Draining ? "draining" : "down by its own report"
            : isUnsendable(member) ? RoutableAdvice.Unsendable
            : listed.Count == 0 ? RoutableAdvice.Missing
            : listed.Any(static destination => destination.State == DestinationState.Disabled) ? RoutableAdvice.Off
            : RoutableAdvice.Silent;
    }
}
