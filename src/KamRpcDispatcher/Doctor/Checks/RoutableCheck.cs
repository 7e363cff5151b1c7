using KamailioRpc.Commands;
using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Doctor.Observations;

namespace KamRpcDispatcher.Doctor.Checks;

/// <summary>Whether what is announced gets calls from this Kamailio: by what its list shows, whoever keeps it.</summary>
internal static class RoutableCheck
{
    private const string Name = "kamailio.routable";
    private const string Missing = "not in Kamailio's list";
    private const string Silent = "inactive in Kamailio's list: no answer to its pings, or failed calls";
    private const string Off = "disabled in Kamailio's list";
    private const string Serving = "to get no calls, and gets them";

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
            .ToLookup(static entry => (entry.Destination.Set, entry.Uri!), static entry => entry.Destination.State);
        var sets = members.GroupBy(static member => member.Key.Set).OrderBy(static set => set.Key).Select(set => SetView.Of(set, listed)).ToList();
        var troubled = sets.Where(static set => set.Trouble is not null).ToList();
        return troubled.Count == 0
            ? Finding.Ok(Name, sets.Count == 0 ? "nothing is announced that would have to be" : $"everybody who is ready gets calls: {Wording.List([.. sets.Select(static set => FormattableString.Invariant($"{set.Routable} of {Wording.Count(set.Members, "member")} in set {set.Set}"))])}")
            : Finding.Error(Name, string.Join("; ", troubled.Take(Wording.Most).Select(static set => set.Trouble)) + (troubled.Count > Wording.Most ? FormattableString.Invariant($"; and {troubled.Count - Wording.Most} sets more") : string.Empty), Fix(troubled));
    }

    private static string Fix(List<SetView> troubled) =>
        troubled.Exists(static set => set.Reasons.Contains(Missing))
            ? $"kamrpc dispatch beside this Kamailio, where its --set allows these; kamrpc doctor --set SET if they are another Kamailio's"
            : troubled.Exists(static set => set.Reasons.Contains(Serving))
                ? "kamrpc status says what holds its dispatcher up; until then: kamcmd dispatcher.set_state dx SET URI"
            : troubled.Exists(static set => set.Reasons.Contains(Silent))
                ? "let the server answer Kamailio's OPTIONS (a firewall, or another address than that of --uri), see the log of Kamailio"
                : troubled.Exists(static set => set.Reasons.Contains(Off))
                    ? "kamrpc dispatch beside this Kamailio, which enables who is ready"
                    : "kamrpc announce beside these servers says in its log why they are not ready";

    /// <summary>One set: what was announced, and what of it gets calls.</summary>
    private sealed record SetView(int Set, int Members, int Routable, IReadOnlyList<string> Reasons)
    {
        /// <summary>Null when everybody who is ready gets calls, and there is somebody.</summary>
        public string? Trouble { get; private init; }

        public static SetView Of(IGrouping<int, Member> set, ILookup<(int, SipUri), DestinationState> listed)
        {
            var members = set.ToList();

            // Of two names for one address the ready one is followed.
            var wanted = members.Where(static member => member.State == MemberState.Ready).Select(static member => member.Uri).ToHashSet();
            var serving = members.Count(member => member.State != MemberState.Ready && !wanted.Contains(member.Uri) && listed[(set.Key, member.Uri)].Any(IsRoutable));
            var routable = members.Count(member => listed[(set.Key, member.Uri)].Any(IsRoutable));
            var reasons = members.Where(member => routable == 0 || member.State == MemberState.Ready).Select(member => Reason(member, [.. listed[(set.Key, member.Uri)]])).OfType<string>()
                .CountBy(static reason => reason).OrderByDescending(static reason => reason.Value).ToList();
            var why = string.Join(", ", reasons.Select(static reason => FormattableString.Invariant($"{reason.Value} {reason.Key}")));
            return new SetView(set.Key, members.Count, routable, serving > 0 && reasons.Count == 0 ? [Serving] : [.. reasons.Select(static reason => reason.Key)])
            {
                Trouble = reasons.Count == 0 && routable > 0 ? (serving == 0 ? null : FormattableString.Invariant($"set {set.Key}: {serving} of {Wording.Count(members.Count, "member")} {Serving}"))
                    : routable == 0 ? FormattableString.Invariant($"set {set.Key}: none of {Wording.Count(members.Count, "member")} gets calls ({why})")
                    : FormattableString.Invariant($"set {set.Key}: {reasons.Sum(static reason => reason.Value)} of {Wording.Count(members.Count, "member")} ready and without calls ({why})"),
            };
        }

        /// <summary>Why a member gets no calls; null when it does.</summary>
        private static string? Reason(Member member, IReadOnlyCollection<DestinationState> states) =>
            states.Any(IsRoutable) ? null
            : member.State != MemberState.Ready ? member.State == MemberState.Draining ? "draining" : "down by its own report"
            : states.Count == 0 ? Missing
            : states.Contains(DestinationState.Disabled) ? Off
            : Silent;

        private static bool IsRoutable(DestinationState state) => state is DestinationState.Active or DestinationState.Trying;
    }
}
