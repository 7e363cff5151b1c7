using KamRpcDispatcher.Destinations;
using KamRpcDispatcher.Etcd;
using KamRpcDispatcher.Plan;

namespace KamRpcDispatcher.Reconcile;

/// <summary>Makes of what a cycle saw how each member stands. Pure.</summary>
internal static class MemberStandings
{
    /// <summary>
    /// Every member that is announced, held back, or has an entry of its own in Kamailio's list. Null is one whose address gets calls, if it does,
    /// by somebody else's entry or under another member's name: of itself nothing can be said.
    /// </summary>
    /// <param name="sight">What the cycle saw.</param>
    /// <param name="policy">What is managed, and by which mark own entries are known.</param>
    public static Dictionary<MemberKey, MemberStanding?> Of(CycleSight sight, PlanPolicy policy)
    {
        var listed = Listed(sight, policy);
        var standings = sight.Plan.Skips
            .Where(static skip => skip is { Reason: SkipReason.Superseded or SkipReason.UnmanagedDuplicate, Member: not null })
            .Select(static skip => skip.Member!.Value)
            .Distinct()
            .ToDictionary(static key => key, static _ => (MemberStanding?)null);
        foreach (var member in sight.Membership.Members.Concat(sight.Held).Where(member => policy.Manages(member.Key.Set) && !standings.ContainsKey(member.Key)))
        {
            var entry = listed.GetValueOrDefault(member.Key);
            var (cause, detail) = CauseOf(member, entry, sight);
            standings[member.Key] = new MemberStanding(entry?.IsRoutable == true, Spelling.First(entry?.Uri ?? member.Uri.Text), cause, detail) { Listed = entry?.State };
        }

        foreach (var (key, entry) in listed.Where(pair => !standings.ContainsKey(pair.Key)))
        {
            standings[key] = new MemberStanding(entry.IsRoutable, Spelling.First(entry.Uri), CauseOf(key, sight.Membership), string.Empty) { Listed = entry.State };
        }

        return standings;
    }

    /// <summary>Of one that is not announced.</summary>
    public static StandingCause CauseOf(MemberKey key, Membership membership) => membership.Left.TryGetValue(key, out var cause)
        ? cause switch
        {
            LeaveCause.Withdrawn => StandingCause.Withdrew,
            LeaveCause.Expired => StandingCause.Expired,
            LeaveCause.Deleted => StandingCause.Deleted,
            LeaveCause.Missing => StandingCause.Missing,
            _ => StandingCause.LeftNotReady,
        }
        : StandingCause.Gone;

    /// <summary>The entry of each member; of two, as there are while one takes the other's place, the one that gets calls.</summary>
    private static Dictionary<MemberKey, ListedDestination> Listed(CycleSight sight, PlanPolicy policy)
    {
        var listed = new Dictionary<MemberKey, ListedDestination>();
        foreach (var entry in sight.Table.Destinations)
        {
            if (policy.Manages(entry.Set) && !Sentinel.Is(entry) && AttributeText.IsOwn(entry, policy.Cluster) && AttributeText.Duid(entry.Attributes) is { } name
                && (!listed.TryGetValue(new MemberKey(entry.Set, name), out var other) || (entry.IsRoutable && !other.IsRoutable)))
            {
                listed[new MemberKey(entry.Set, name)] = entry;
            }
        }

        return listed;
    }

    private static (StandingCause Cause, string Detail) CauseOf(Member member, ListedDestination? entry, CycleSight sight) => (member, entry) switch
    {
        ({ State: MemberState.Down, Reason: MemberRecord.WithdrawnReason }, _) => (StandingCause.Withdrew, string.Empty),
        ({ State: MemberState.Down }, _) => (StandingCause.Down, Reason(member)),
        ({ State: MemberState.Draining }, _) => (StandingCause.Draining, Reason(member)),
        (_, null) => (StandingCause.NotListed, string.Empty),
        (_, { State: ListedState.Disabled }) => (StandingCause.Disabled, string.Empty),
        (_, { State: ListedState.Inactive } listed) when sight.AwaitingProof.Contains(new EndpointKey(listed.Set, Spelling.EndpointOf(listed.Uri))) => (StandingCause.AwaitsProof, string.Empty),
        (_, { State: ListedState.Inactive } listed) => listed.Probing ? (StandingCause.FoundDead, "IP") : (StandingCause.SetInactive, "IX"),
        _ => (StandingCause.Ready, string.Empty),
    };

    private static string Reason(Member member) => MemberRules.Shorten(member.Reason ?? string.Empty, MemberRules.MaxReasonLength);
}
