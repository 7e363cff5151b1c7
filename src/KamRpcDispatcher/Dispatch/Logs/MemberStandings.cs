using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Dispatch.Cycles;
using KamRpcDispatcher.Plan;
using KamRpcDispatcher.Sources;
using KamRpcDispatcher.Sources.Records;

namespace KamRpcDispatcher.Dispatch.Logs;

/// <summary>Makes of what a cycle saw how each member stands. Pure.</summary>
internal static class MemberStandings
{
    /// <summary>
    /// Every member that is announced, held back, or has an entry of its own in Kamailio's list. Null is one whose address gets calls, if it does,
    /// by somebody else's entry or under another member's name: of itself nothing can be said. Of classes nothing is told: whoever stands in one is told of in the home set, to which calls go where the class has nobody.
    /// </summary>
    /// <param name="cycle">What the cycle saw.</param>
    /// <param name="policy">What is managed, and by which mark own entries are known.</param>
    public static Dictionary<MemberKey, MemberStanding?> Of(CycleSituation cycle, PlanPolicy policy)
    {
        var (listed, others) = Listed(cycle, policy);
        var standings = cycle.Plan.Skips
            .Where(static skip => skip is { Reason: SkipReason.Superseded or SkipReason.UnmanagedDuplicate, Member: not null })
            .Select(static skip => skip.Member!.Value)
            .Distinct()
            .ToDictionary(static key => key, static _ => (MemberStanding?)null);
        foreach (var member in cycle.Membership.Members.Concat(cycle.Held).Where(member => policy.Manages(member.Key.Set) && !ClassSets.Has(member.Key.Set) && !standings.ContainsKey(member.Key)))
        {
            // Who starts slowly in its class alone is served there.
            var isApart = cycle.Membership.Apart.Contains(member.Key);
            var entry = listed.GetValueOrDefault(isApart ? cycle.Membership.ClassKeys[member.Key].Append(member.Key).First() : member.Key);
            var (cause, detail) = CauseOf(isApart ? member with { State = MemberState.Ready } : member, entry, cycle);
            var isByOthers = entry?.IsRoutable != true && others.Count > 0 && others.Contains(new EndpointKey(member.Key.Set, member.Uri.Endpoint));
            standings[member.Key] = new MemberStanding(isByOthers || entry?.IsRoutable == true, Spelling.First(entry?.Uri ?? member.Uri.Text), cause, detail)
            {
                Listed = entry?.State,
                IsServedByOthers = isByOthers,
            };
        }

        foreach (var (key, entry) in listed.Where(pair => !ClassSets.Has(pair.Key.Set) && !standings.ContainsKey(pair.Key)))
        {
            var isByOthers = !entry.IsRoutable && others.Count > 0 && others.Contains(new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)));
            standings[key] = new MemberStanding(isByOthers || entry.IsRoutable, Spelling.First(entry.Uri), CauseOf(key, cycle.Membership), string.Empty)
            {
                Listed = entry.State,
                IsServedByOthers = isByOthers,
            };
        }

        return standings;
    }

    /// <summary>Where calls go, by whatever entry.</summary>
    public static HashSet<EndpointKey> Served(CycleSituation cycle) =>
        [.. cycle.Table.Destinations.Where(static entry => entry.IsRoutable).Select(static entry => new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)))];

    /// <summary>Of one that is not announced.</summary>
    public static StandingCause CauseOf(MemberKey key, Membership membership) => membership.Left.TryGetValue(key, out var cause)
        ? cause switch
        {
            LeaveCause.Withdrawn => StandingCause.Withdrew,
            LeaveCause.Expired => StandingCause.Expired,
            LeaveCause.Deleted => StandingCause.Deleted,
            LeaveCause.Missing => StandingCause.Missing,
            LeaveCause.Emptied => StandingCause.Emptied,
            LeaveCause.Vanished => StandingCause.Vanished,
            LeaveCause.Unsourced => StandingCause.Unsourced,
            _ => StandingCause.LeftNotReady,
        }
        : membership.Rejected.Any(record => record.Member == key) ? StandingCause.Unusable : StandingCause.Gone;

    /// <summary>
    /// The entry of each member; of two, as there are while one takes the other's place, the one that gets calls, and else the one at the address that is announced.
    /// And where calls go by entries of others.
    /// </summary>
    private static (Dictionary<MemberKey, ListedDestination> Own, HashSet<EndpointKey> Others) Listed(CycleSituation cycle, PlanPolicy policy)
    {
        var own = new Dictionary<MemberKey, ListedDestination>();
        var others = new HashSet<EndpointKey>();
        Dictionary<MemberKey, Member>? announced = null;
        foreach (var entry in cycle.Table.Destinations.Where(entry => policy.Manages(entry.Set) && !Sentinel.Is(entry)))
        {
            var isOwn = AttributeText.IsOwn(entry, policy.Cluster);
            if (!isOwn && entry.IsRoutable)
            {
                others.Add(new EndpointKey(entry.Set, Spelling.EndpointOf(entry.Uri)));
            }

            if (isOwn && AttributeText.Duid(entry.Attributes) is { } name)
            {
                var key = new MemberKey(entry.Set, name);
                own[key] = own.TryGetValue(key, out var other) && !IsNearer(key, entry, other) ? other : entry;
            }
        }

        return (own, others);

        bool IsNearer(MemberKey key, ListedDestination entry, ListedDestination other)
        {
            if (entry.IsRoutable != other.IsRoutable)
            {
                return entry.IsRoutable;
            }

            announced ??= cycle.Membership.Members.Concat(cycle.Held).DistinctBy(static member => member.Key).ToDictionary(static member => member.Key);
            return announced.TryGetValue(key, out var member) && IsAt(member, entry) && !IsAt(member, other);
        }
    }

    private static bool IsAt(Member member, ListedDestination entry) => Spelling.First(entry.Uri) == member.Uri.Text || Spelling.EndpointOf(entry.Uri) == member.Uri.Endpoint;

    private static (StandingCause Cause, string Detail) CauseOf(Member member, ListedDestination? entry, CycleSituation cycle) => (member, entry) switch
    {
        ({ State: MemberState.Down, Reason: MemberRecord.WithdrawnReason }, _) => (StandingCause.Withdrew, string.Empty),
        ({ State: MemberState.Down }, _) => (StandingCause.Down, Reason(member)),
        ({ State: MemberState.Draining }, _) => (cycle.Membership.Drained.Contains(member.Key) ? StandingCause.Drained : StandingCause.Draining, Reason(member)),
        (_, null) => (StandingCause.NotListed, string.Empty),
        (_, { IsRoutable: false } former) when !IsAt(member, former) => (StandingCause.Moved, SafeText.Shorten(member.Uri.Text, 256)),
        (_, { State: ListedState.Disabled }) => (StandingCause.Disabled, string.Empty),
        (_, { State: ListedState.Inactive } listed) when cycle.AwaitingProof.Contains(new EndpointKey(listed.Set, Spelling.EndpointOf(listed.Uri))) => (StandingCause.AwaitsProof, string.Empty),
        (_, { State: ListedState.Inactive } listed) => listed.Probing ? (StandingCause.FoundDead, "IP") : (StandingCause.SetInactive, "IX"),
        _ => (StandingCause.Ready, string.Empty),
    };

    private static string Reason(Member member) => SafeText.Shorten(member.Reason ?? string.Empty, MemberValidation.MaxReasonLength);
}
